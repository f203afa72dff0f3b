//! Frames of channels that are being read again: they wait, so that what was said before comes first. Channels that share
//! a mirror wait for each other, so that a conversation across them comes in the order in which it was held.

use crate::discord::gateway::Frame;
use crate::discord::guilds::Guilds;
use events::{ChannelId, MessageId};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// Frames held at most, and their bytes. Beyond, the channel with the most goes on as if it had been read.
pub const FRAMES_MAX: usize = 20_000;
/// See [`FRAMES_MAX`].
pub const BYTES_MAX: usize = 64 << 20;
/// How long the frames of a channel wait at most.
pub const TIME_MAX: Duration = Duration::from_secs(600);

/// The channels held, and their frames.
#[derive(Debug, Default)]
pub(super) struct Held {
    channels: BTreeMap<ChannelId, Waiting>,
    frames: usize,
    bytes: usize,
    /// Frames that ever waited: their order.
    came: u64,
}

#[derive(Debug)]
struct Waiting {
    until: Instant,
    /// It is read: only others are waited for.
    is_read: bool,
    frames: Vec<(u64, Frame)>,
}

impl Held {
    pub(super) fn is_empty(&self) -> bool {
        self.channels.is_empty()
    }

    /// From now on the frames of `channel` wait.
    pub(super) fn hold(&mut self, channel: ChannelId) {
        let waiting = Waiting { until: Instant::now() + TIME_MAX, is_read: false, frames: Vec::new() };
        self.channels.entry(channel).or_insert(waiting).is_read = false;
    }

    /// A channel is read.
    pub(super) fn read(&mut self, channel: ChannelId) {
        if let Some(waiting) = self.channels.get_mut(&channel) {
            waiting.is_read = true;
        }
    }

    /// Whether it waits for nothing of its own.
    pub(super) fn is_read(&self, channel: ChannelId) -> bool {
        self.channels.get(&channel).is_none_or(|waiting| waiting.is_read)
    }

    /// The channel that is held, if the frame is of one or of a thread of it.
    pub(super) fn channel_of(&self, frame: &Frame, guilds: &Guilds) -> Option<ChannelId> {
        if self.channels.is_empty() {
            return None;
        }
        let of = channels_of(frame, guilds);
        of.into_iter().flatten().find(|channel| self.channels.contains_key(channel))
    }

    /// Keeps the frame of a channel that is held; any other is given back.
    pub(super) fn offer(&mut self, frame: Frame, channel: Option<ChannelId>) -> Option<Frame> {
        let Some(waiting) = channel.and_then(|channel| self.channels.get_mut(&channel)) else {
            return Some(frame);
        };
        self.frames += 1;
        self.bytes += frame.text.len();
        self.came += 1;
        waiting.frames.push((self.came, frame));
        None
    }

    /// The frames of channels that are held no longer, in the order in which they came.
    pub(super) fn release(&mut self, channels: impl IntoIterator<Item = ChannelId>) -> Vec<Frame> {
        let waiting = channels.into_iter().filter_map(|channel| self.channels.remove(&channel));
        let mut frames: Vec<_> = waiting.flat_map(|waiting| waiting.frames).collect();
        frames.sort_unstable_by_key(|(came, _)| *came);
        self.frames -= frames.len();
        self.bytes -= frames.iter().map(|(_, frame)| frame.text.len()).sum::<usize>();
        frames.into_iter().map(|(_, frame)| frame).collect()
    }

    /// When the first channel has waited for long enough.
    pub(super) fn until(&self) -> Option<Instant> {
        self.channels.values().map(|waiting| waiting.until).min()
    }

    /// Channels that wait no longer though they are not read yet: they waited for too long, or there is too much.
    pub(super) fn overdue(&self, now: Instant) -> Vec<ChannelId> {
        let late = self.channels.iter().filter(|(_, waiting)| waiting.until <= now).map(|(id, _)| *id);
        let mut overdue: BTreeSet<_> = late.collect();
        if self.frames > FRAMES_MAX || self.bytes > BYTES_MAX {
            let most = self.channels.iter().max_by_key(|(_, waiting)| waiting.frames.len());
            overdue.extend(most.map(|(id, _)| *id));
        }
        overdue.into_iter().collect()
    }

    /// The first sequence of `session` that waits.
    pub(super) fn first(&self, session: &str) -> Option<u64> {
        let of = |waiting: &Waiting| {
            waiting.frames.iter().find(|(_, frame)| *frame.session == *session).map(|(_, frame)| frame.seq)
        };
        self.channels.values().filter_map(of).min()
    }
}

/// The message that a frame says is new.
pub(super) fn written(frame: &Frame) -> Option<(ChannelId, MessageId)> {
    if frame.kind != "MESSAGE_CREATE" {
        return None;
    }
    let Told { d } = serde_json::from_str(&frame.text).ok()?;
    Some((ChannelId(d.channel_id?.parse().ok()?), MessageId(d.id?.parse().ok()?)))
}

/// The channel that a frame is about, and the one that this hangs in, if it is a thread.
fn channels_of(frame: &Frame, guilds: &Guilds) -> [Option<ChannelId>; 3] {
    let Ok(Told { d }) = serde_json::from_str::<Told>(&frame.text) else { return [None; 3] };
    let id = |text: Option<String>| text.and_then(|text| text.parse().ok()).map(ChannelId);
    let is_channel = frame.kind.starts_with("CHANNEL_") || frame.kind.starts_with("THREAD_");
    let own = id(d.channel_id).or(id(d.id).filter(|_| is_channel));
    let thread = own.and_then(|own| guilds.channel(own)).filter(|channel| channel.is_thread());
    [own, thread.and_then(|thread| thread.parent), id(d.parent_id).filter(|_| is_channel)]
}

#[derive(Deserialize)]
struct Told {
    d: Ids,
}

#[derive(Deserialize)]
struct Ids {
    #[serde(default)]
    channel_id: Option<String>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    parent_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(seq: u64, kind: &str, data: &str) -> Frame {
        Frame {
            text: format!(r#"{{"op":0,"t":"{kind}","s":{seq},"d":{data}}}"#),
            seq,
            kind: kind.to_owned(),
            session: "s".into(),
            resume_url: "wss://gateway".into(),
        }
    }

    fn said(seq: u64, channel: u64) -> Frame {
        frame(seq, "MESSAGE_CREATE", &format!(r#"{{"id":"9","channel_id":"{channel}"}}"#))
    }

    fn offer(held: &mut Held, frame: Frame, guilds: &Guilds) -> Option<Frame> {
        let channel = held.channel_of(&frame, guilds);
        held.offer(frame, channel)
    }

    fn guilds() -> Guilds {
        let mut guilds = Guilds::default();
        let thread =
            r#"{"op":0,"t":"THREAD_CREATE","s":1,"d":{"id":"70","guild_id":"1","parent_id":"7","type":11}}"#;
        guilds.hear("THREAD_CREATE", thread.as_bytes());
        guilds
    }

    #[test]
    fn frames_of_a_channel_wait_and_come_back_in_order() {
        let (mut held, guilds) = (Held::default(), guilds());
        assert!(offer(&mut held, said(1, 7), &guilds).is_some());
        held.hold(ChannelId(7));
        held.hold(ChannelId(8));
        assert!(offer(&mut held, said(2, 7), &guilds).is_none());
        assert!(offer(&mut held, said(3, 9), &guilds).is_some());
        assert!(offer(&mut held, said(4, 8), &guilds).is_none());
        assert!(offer(&mut held, said(5, 70), &guilds).is_none(), "a thread waits with its channel");
        let gone = frame(6, "CHANNEL_DELETE", r#"{"id":"7","guild_id":"1"}"#);
        assert!(offer(&mut held, gone, &guilds).is_none());
        assert_eq!((held.first("s"), held.first("another")), (Some(2), None));
        let seqs = |frames: Vec<Frame>| frames.iter().map(|frame| frame.seq).collect::<Vec<_>>();
        assert_eq!(seqs(held.release([ChannelId(7), ChannelId(8)])), [2, 4, 5, 6]);
        assert!(held.is_empty());
        held.hold(ChannelId(7));
        assert!(!held.is_read(ChannelId(7)) && held.is_read(ChannelId(8)));
        held.read(ChannelId(7));
        assert!(held.is_read(ChannelId(7)));
        held.hold(ChannelId(7));
        assert!(!held.is_read(ChannelId(7)), "it is read once more");
        assert!(held.release([ChannelId(7)]).is_empty());
        assert_eq!((held.frames, held.bytes), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_waits_for_ever_or_without_bound() {
        let (mut held, guilds) = (Held::default(), Guilds::default());
        held.hold(ChannelId(7));
        held.hold(ChannelId(8));
        (0..=FRAMES_MAX as u64).for_each(|seq| drop(offer(&mut held, said(seq, 8), &guilds)));
        assert_eq!(held.overdue(Instant::now()), [ChannelId(8)], "the one with the most");
        held.release([ChannelId(8)]);
        assert_eq!(held.overdue(Instant::now()), []);
        assert_eq!(held.overdue(Instant::now() + TIME_MAX), [ChannelId(7)]);
    }
}
