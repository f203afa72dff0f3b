//! Pages for whoever is not in, or asks for what there is not.

use super::frame::{document, mark};
use maud::{Markup, html};

/// One message in the middle of a page.
fn card(title: &str, content: &Markup) -> Markup {
    let body = html! {
        main.door id="main" {
            div.card {
                (mark())
                h1 { (title) }
                (content)
            }
        }
    };
    document(title, &body)
}

/// Nobody is in.
pub(in crate::console) fn locked() -> Markup {
    card(
        "Who is there?",
        &html! {
            p { "This is the console of a mirror node. On the machine where it runs, ask for the way in:" }
            pre { code { "mirror console" } }
            p { "It prints an address that opens this page. With " code { "--data-dir" } " if the node was started with it." }
        },
    )
}

/// A token, and not the one.
pub(in crate::console) fn wrong_token() -> Markup {
    card(
        "That key does not fit",
        &html! {
            p { "The address was of another node, or its token has been made anew since. Ask for the current one:" }
            pre { code { "mirror console" } }
        },
    )
}

/// Too many tokens.
pub(in crate::console) fn too_many() -> Markup {
    card(
        "Too many wrong keys",
        &html! { p { "Wait ten seconds, then open the address that " code { "mirror console" } " prints." } },
    )
}

/// Anything else.
pub(in crate::console) fn problem(title: &str, words: &str) -> Markup {
    card(
        title,
        &html! {
            p { (super::text::line(words, 1_000)) }
            p { a.button href="/" { "Overview" } }
        },
    )
}
