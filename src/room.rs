//! So many connections at once: the next is accepted when there is room for it.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

/// How long it rests where the system gives no connection: it may be out of file handles, and would say so again at once.
const REST: Duration = Duration::from_millis(100);

/// Room for connections.
pub(crate) struct Room(Arc<Semaphore>);

impl Room {
    /// Room for `most`.
    pub(crate) fn new(most: usize) -> Self {
        Self(Arc::new(Semaphore::new(most)))
    }

    /// The next connection that `accept` brings, once there is room for it. It takes that until its permit is dropped.
    pub(crate) async fn next<S, F>(&self, accept: impl Fn() -> F) -> (S, OwnedSemaphorePermit)
    where
        F: Future<Output = io::Result<S>>,
    {
        loop {
            // Nobody closes the semaphore.
            let Ok(permit) = self.0.clone().acquire_owned().await else { return pending().await };
            match accept().await {
                Ok(stream) => return (stream, permit),
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    sleep(REST).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::time::{Instant, timeout};

    #[tokio::test(start_paused = true)]
    async fn it_is_full_until_one_leaves() {
        let room = Room::new(2);
        let came = AtomicUsize::new(0);
        let next = || room.next(async || Ok(came.fetch_add(1, Ordering::Relaxed)));
        let ((first, leaves), (second, _stays)) = (next().await, next().await);
        assert_eq!((first, second), (0, 1));
        assert!(timeout(Duration::from_secs(60), next()).await.is_err(), "there is no room");
        drop(leaves);
        assert_eq!(next().await.0, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn it_rests_where_the_system_gives_none() {
        let (room, tries, began) = (Room::new(1), AtomicUsize::new(0), Instant::now());
        let accept = async || match tries.fetch_add(1, Ordering::Relaxed) {
            0..3 => Err(io::Error::other("too many open files")),
            number => Ok(number),
        };
        assert_eq!(room.next(accept).await.0, 3);
        assert_eq!(began.elapsed(), 3 * REST);
    }
}
