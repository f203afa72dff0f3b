//! What the views know: the real ones.

use crate::copies;
use crate::deliver::{self, Known, Next, Scope};
use crate::key::Generation;
use crate::lane::proof::know::{Know, MIRROR};
use crate::project::project;
use crate::render::{Local, Rendered, Slots, Source, render};
use crate::settings::Settings;
use crate::views::Views;
use crate::views::memory::MemoryViews;
use crate::views::overlay::Overlay;
use events::{ChannelId, Event, GuildId, MessageId, Version};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// The future's value: memory never waits.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("memory waits for nothing"),
    }
}

/// The real views, plans and rendering.
#[derive(Default)]
pub(super) struct Real {
    views: MemoryViews,
    settings: Settings,
}

impl Real {
    fn ask<T>(&self, lane: ChannelId, extra: &[Event], ask: impl AsyncFnOnce(Scope<'_>) -> T) -> T {
        let views = Overlay::new(&self.views, Generation(0), extra);
        let scope = Scope {
            views: &views,
            mirror: MIRROR,
            generation: Generation(0),
            link: lane,
            settings: &self.settings,
            carry: &deliver::links_only,
        };
        at_once(ask(scope))
    }
}

impl Know for Real {
    fn fold(&mut self, event: &Event) {
        let mut changes = Vec::new();
        project(event, Generation(0), &mut changes);
        at_once(self.views.commit(changes, None)).unwrap();
        if event.place.message.0 == 0 {
            self.settings = at_once(Settings::load(&self.views, MIRROR, Generation(0))).unwrap();
        }
    }

    fn known(&self, lane: ChannelId, extra: &[Event], source: MessageId) -> Known {
        self.ask(lane, extra, async |scope| deliver::know(scope, source).await.unwrap())
    }

    fn next(&self, lane: ChannelId, extra: &[Event], source: MessageId, patient: Option<Version>) -> Next {
        self.ask(lane, extra, async |scope| deliver::next(scope, source, patient).await.unwrap())
    }

    fn is_copy(&self, extra: &[Event], copy: MessageId) -> bool {
        let views = Overlay::new(&self.views, Generation(0), extra);
        at_once(copies::source_of(&views, MIRROR, Generation(0), copy)).unwrap().is_some()
    }

    fn settings(&self) -> Settings {
        self.settings.clone()
    }

    fn parts(&self, known: &Known, slots: Slots) -> Vec<Rendered> {
        let (_, created) = known.message.created.as_ref().unwrap();
        let source = Source {
            aside: None,
            id: known.message.id,
            version: known.message.version(),
            channel: created.channel,
            guild: GuildId(0),
            author: &created.author,
            said: known.message.said().unwrap(),
            reply: None,
            namesake: false,
            kind: created.kind,
            local: &Local::default(),
            carried: &[],
        };
        render(&source, slots)
    }
}
