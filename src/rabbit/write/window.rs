//! What is sent and not confirmed. Pure.

use std::collections::VecDeque;
use tokio::time::Instant;

/// Bytes under way. A broker writes what is there together as one chunk, and chunks are read whole.
const UNCONFIRMED_BYTES_MAX: usize = 512 * 1024;

#[derive(Debug)]
struct Sent {
    bytes: usize,
    is_confirmed: bool,
    at: Instant,
}

/// Numbers under way: all from the first on, without a hole.
#[derive(Debug)]
pub(super) struct Window {
    /// The last number that was confirmed, with all before it.
    confirmed: u64,
    sent: VecDeque<Sent>,
    bytes: usize,
}

impl Window {
    /// Nothing is under way.
    pub(super) const fn behind(confirmed: u64) -> Self {
        Self { confirmed, sent: VecDeque::new(), bytes: 0 }
    }

    /// The last number that was confirmed, with all before it.
    pub(super) const fn confirmed(&self) -> u64 {
        self.confirmed
    }

    /// The last number that was sent.
    pub(super) fn sent(&self) -> u64 {
        self.confirmed + self.sent.len() as u64
    }

    /// Bytes that may be sent now. A message that is larger than all of it goes alone.
    pub(super) fn room(&self) -> usize {
        UNCONFIRMED_BYTES_MAX.saturating_sub(self.bytes)
    }

    /// The number behind the last is sent.
    pub(super) fn push(&mut self, bytes: usize, at: Instant) {
        self.bytes += bytes;
        self.sent.push_back(Sent { bytes, is_confirmed: false, at });
    }

    /// These are confirmed, in any order; others than those under way do not count.
    pub(super) fn confirm(&mut self, numbers: &[u64]) {
        for number in numbers {
            let at = number.checked_sub(self.confirmed + 1).and_then(|at| usize::try_from(at).ok());
            if let Some(sent) = at.and_then(|at| self.sent.get_mut(at)) {
                sent.is_confirmed = true;
            }
        }
        while let Some(sent) = self.sent.pop_front_if(|sent| sent.is_confirmed) {
            self.confirmed += 1;
            self.bytes -= sent.bytes;
        }
    }

    /// Since when the first waits for its confirmation.
    pub(super) fn since(&self) -> Option<Instant> {
        self.sent.front().map(|sent| sent.at)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_no_hole_before_it_is_confirmed() {
        let mut window = Window::behind(10);
        (0..4).for_each(|_| window.push(100, Instant::now()));
        assert_eq!((window.sent(), window.room()), (14, UNCONFIRMED_BYTES_MAX - 400));
        window.confirm(&[12, 14]);
        assert_eq!(window.confirmed(), 10);
        window.confirm(&[0, 3, 10, 12, 99, u64::MAX]);
        assert_eq!(window.confirmed(), 10, "others do not count");
        window.confirm(&[11]);
        assert_eq!((window.confirmed(), window.room()), (12, UNCONFIRMED_BYTES_MAX - 200));
        window.confirm(&[13]);
        assert!(window.is_empty() && window.since().is_none());
        assert_eq!((window.confirmed(), window.sent()), (14, 14));
    }
}
