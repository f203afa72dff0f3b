//! A small write that takes part in a group's transaction: a function and whoever waits for its value.

use super::Failure;
use rusqlite::Connection;
use tokio::sync::oneshot;

/// A write that takes part in a group's transaction.
pub(super) trait Write: Send {
    fn write(&mut self, connection: &Connection) -> rusqlite::Result<()>;
    fn answer(self: Box<Self>, committed: Result<(), Failure>);
}

/// A [`Write`] made of a function.
pub(super) struct Call<F, T> {
    write: Option<F>,
    value: Option<T>,
    answer: oneshot::Sender<Result<T, Failure>>,
}

impl<F, T> Call<F, T>
where
    T: Send + 'static,
    F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
{
    /// Boxed for the queue.
    pub(super) fn boxed(write: F, answer: oneshot::Sender<Result<T, Failure>>) -> Box<dyn Write> {
        Box::new(Self { write: Some(write), value: None, answer })
    }
}

impl<F, T> Write for Call<F, T>
where
    T: Send,
    F: FnOnce(&Connection) -> rusqlite::Result<T> + Send,
{
    fn write(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if let Some(write) = self.write.take() {
            self.value = Some(write(connection)?);
        }
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), Failure>) {
        let Self { value, answer, .. } = *self;
        // Whoever asked may have gone.
        let _ = answer.send(committed.and_then(|()| value.ok_or_else(Failure::closed)));
    }
}
