//! A shard's pulse: how much it hears, and since when it hears nothing.

use super::Frame;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How often Discord wants a heartbeat, until it says so. Source: Discord, "Gateway, Heartbeat Interval" (its example).
const HEARTBEAT: Duration = Duration::from_millis(41_250);

/// What one shard hears. Anything that comes is a sign of life: a frame, or that a heartbeat was heard.
#[derive(Debug)]
pub struct Pulse {
    /// The zero of the times below.
    begun: Instant,
    frames: AtomicU64,
    heard_ms: AtomicU64,
    framed_ms: AtomicU64,
    heartbeat_ms: AtomicU64,
    /// Frames on their way to ingest. It does not hold their channel open.
    queue: Mutex<Option<mpsc::WeakSender<Frame>>>,
}

/// A pulse as it was felt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beat {
    /// Frames that came since the shard began here.
    pub frames: u64,
    /// For so long nothing came at all.
    pub silent: Duration,
    /// For so long no frame came.
    pub frameless: Duration,
    /// So long is it between two heartbeats.
    pub heartbeat: Duration,
    /// Frames that wait for ingest.
    pub queued: usize,
}

impl Pulse {
    /// Of a shard that begins now.
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            frames: AtomicU64::new(0),
            heard_ms: AtomicU64::new(0),
            framed_ms: AtomicU64::new(0),
            heartbeat_ms: AtomicU64::new(HEARTBEAT.as_millis() as u64),
            queue: Mutex::default(),
        }
    }

    /// Frames go this way.
    pub(super) fn leads_to(&self, frames: &mpsc::Sender<Frame>) {
        *self.queue.lock().unwrap_or_else(PoisonError::into_inner) = Some(frames.downgrade());
    }

    /// Something came.
    pub(super) fn heard(&self) {
        self.heard_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    /// It was a frame.
    pub(super) fn framed(&self, frame: &Frame) {
        tracing::trace!(kind = frame.kind, seq = frame.seq, "a frame came");
        self.frames.fetch_add(1, Ordering::Relaxed);
        self.framed_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    /// Discord says how often it wants a heartbeat.
    pub(super) fn beats_every(&self, ms: u64) {
        self.heartbeat_ms.store(ms, Ordering::Relaxed);
    }

    /// Feels it.
    #[must_use]
    pub fn feel(&self) -> Beat {
        let now = self.now_ms();
        let since = |ms: &AtomicU64| Duration::from_millis(now.saturating_sub(ms.load(Ordering::Relaxed)));
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queue.as_ref().and_then(mpsc::WeakSender::upgrade);
        Beat {
            frames: self.frames.load(Ordering::Relaxed),
            silent: since(&self.heard_ms),
            frameless: since(&self.framed_ms),
            heartbeat: Duration::from_millis(self.heartbeat_ms.load(Ordering::Relaxed)),
            queued: queue.map_or(0, |queue| queue.max_capacity() - queue.capacity()),
        }
    }

    fn now_ms(&self) -> u64 {
        self.begun.elapsed().as_millis() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn frame() -> Frame {
        let (session, resume_url) = (Arc::from("a"), Arc::from("wss://r"));
        Frame { text: String::new(), seq: 1, kind: "TYPING_START".to_owned(), session, resume_url }
    }

    #[tokio::test(start_paused = true)]
    async fn anything_that_comes_ends_the_silence() {
        let pulse = Pulse::new();
        let pass = |ms| tokio::time::advance(Duration::from_millis(ms));
        let felt = |pulse: &Pulse| {
            let beat = pulse.feel();
            (beat.frames, beat.silent.as_millis(), beat.frameless.as_millis())
        };
        pass(500).await;
        assert_eq!(felt(&pulse), (0, 500, 500), "since it began");
        assert_eq!(pulse.feel().heartbeat, HEARTBEAT);
        pulse.heard();
        pulse.beats_every(1_000);
        pass(100).await;
        assert_eq!(felt(&pulse), (0, 100, 600));
        pulse.heard();
        pulse.framed(&frame());
        pass(30).await;
        assert_eq!(felt(&pulse), (1, 30, 30));
        assert_eq!(pulse.feel().heartbeat, Duration::from_secs(1));
    }

    #[tokio::test]
    async fn the_queue_is_seen_and_not_held_open() {
        let (pulse, (frames, mut framed)) = (Pulse::new(), mpsc::channel(4));
        assert_eq!(pulse.feel().queued, 0);
        pulse.leads_to(&frames);
        frames.send(frame()).await.unwrap();
        frames.send(frame()).await.unwrap();
        assert_eq!(pulse.feel().queued, 2);
        framed.recv().await.unwrap();
        assert_eq!(pulse.feel().queued, 1);
        drop(frames);
        framed.recv().await.unwrap();
        assert!(framed.recv().await.is_none(), "its sender was the last");
        assert_eq!(pulse.feel().queued, 0);
    }
}
