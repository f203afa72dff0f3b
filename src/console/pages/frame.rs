//! What is around every page.

use super::parts::form_token;
use crate::console::assets;
use crate::console::sessions::{Notice, Visitor};
use maud::{DOCTYPE, Markup, html};

/// The places of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::console) enum Tab {
    Overview,
    Mirrors,
    Links,
    Quarantine,
    Messages,
    Replay,
    Events,
}

const TABS: [(Tab, &str, &str); 7] = [
    (Tab::Overview, "/", "Overview"),
    (Tab::Mirrors, "/mirrors", "Mirrors"),
    (Tab::Links, "/links", "Links"),
    (Tab::Quarantine, "/quarantine", "Held"),
    (Tab::Messages, "/message", "Messages"),
    (Tab::Replay, "/replay", "Replay"),
    (Tab::Events, "/events", "Events"),
];

/// Who looks, and at what.
pub(in crate::console) struct Frame<'a> {
    /// Whose session it is.
    pub(in crate::console) visitor: &'a Visitor,
    /// The node's name.
    pub(in crate::console) node: &'a str,
}

impl Frame<'_> {
    /// A whole page.
    pub(in crate::console) fn page(&self, (tab, title): (Tab, &str), content: &Markup) -> Markup {
        let body = html! {
            a.skip href="#main" { "Skip to the content" }
            header.bar {
                a.brand href="/" { (mark()) span { "mirror" } }
                nav.tabs aria-label="Pages" {
                    @for (at, path, name) in TABS {
                        a href=(path) aria-current=[(at == tab).then_some("page")] { (name) }
                    }
                }
                span.live id="live" hidden {}
                form.find action="/message" method="get" role="search" {
                    label.hidden for="find" { "A message's id or address" }
                    input id="find" name="q" type="search" placeholder="Message id or address" autocomplete="off"
                        maxlength="200";
                }
            }
            main id="main" tabindex="-1" {
                @if let Some(notice) = &self.visitor.notice { (said(notice)) }
                (content)
            }
            footer.foot {
                span { "Node " b { (super::text::name(self.node)) } " · mirror " (env!("CARGO_PKG_VERSION")) " · times are UTC" }
                form method="post" action="/leave" {
                    (form_token(&self.visitor.form))
                    button.plain { "Sign out" }
                }
            }
        };
        document(title, &body)
    }
}

/// A whole document.
pub(super) fn document(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " · mirror" }
                link rel="icon" type="image/svg+xml" href=(assets::path("icon.svg"));
                link rel="stylesheet" href=(assets::path("console.css"));
                script src=(assets::path("console.js")) defer {}
            }
            body { (body) }
        }
    }
}

fn said(notice: &Notice) -> Markup {
    html! {
        div.notice.(if notice.is_fine { "fine" } else { "bad" }) role="status" {
            p { (super::text::line(&notice.words, 1_000)) }
        }
    }
}

/// Two panes, one the other's reflection.
pub(super) fn mark() -> Markup {
    html! {
        svg.mark viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" {
            path d="M10.5 3 3 6.5v11L10.5 21z" {}
            path.other d="M13.5 3 21 6.5v11L13.5 21z" {}
        }
    }
}
