//! Who has come in: sessions in memory, gone with the node, the token, or after a while.

use super::token;
use secrecy::{ExposeSecret, SecretString};
use std::collections::VecDeque;
use std::time::Duration;
use subtle::ConstantTimeEq;
use tokio::time::Instant;

/// Sessions at once; one more ends the one that was not used for longest.
const SESSIONS_MAX: usize = 32;
/// A session that was not used for so long has ended.
const IDLE_MAX: Duration = Duration::from_secs(12 * 3600);
/// Wrong tokens that are looked at in a [`WRONG_WINDOW`].
pub(super) const WRONG_MAX: usize = 10;
/// See [`WRONG_MAX`].
const WRONG_WINDOW: Duration = Duration::from_secs(10);
/// Characters of a notice.
const NOTICE_CHARS_MAX: usize = 2_000;

/// All sessions.
#[derive(Default)]
pub(super) struct Sessions {
    /// The one used last is the last.
    open: VecDeque<Session>,
    /// When wrong tokens came.
    wrong: VecDeque<Instant>,
}

struct Session {
    /// What the cookie holds.
    id: String,
    /// What every form holds.
    form: String,
    /// The token that it came in with: where there is another, it has ended.
    token: SecretString,
    used: Instant,
    notice: Option<Notice>,
}

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Visitor {
    /// What a form has to bring back.
    pub(super) form: String,
    /// What came of the last thing that was done.
    pub(super) notice: Option<Notice>,
}

/// What came of something that was done, shown once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    /// It was done.
    pub(super) is_fine: bool,
    /// The words.
    pub(super) words: String,
}

/// What becomes of somebody with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// In, with this in the cookie.
    Welcome(String),
    /// It is not the token.
    Wrong,
    /// Too many wrong ones were tried: nothing is looked at.
    TooMany,
}

/// Without telling by its time how much of it is right.
fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

impl Sessions {
    /// Somebody comes with a token.
    pub(super) fn enter(&mut self, given: &str, right: Option<&SecretString>, now: Instant) -> Entry {
        while self.wrong.front().is_some_and(|at| now - *at >= WRONG_WINDOW) {
            self.wrong.pop_front();
        }
        if self.wrong.len() >= WRONG_MAX {
            return Entry::TooMany;
        }
        let Some(right) = right.filter(|right| same(given, right.expose_secret())) else {
            self.wrong.push_back(now);
            return Entry::Wrong;
        };
        let (id, form, token) = (token::secret(), token::secret(), right.clone());
        if self.open.len() >= SESSIONS_MAX {
            self.open.pop_front();
        }
        self.open.push_back(Session { id: id.clone(), form, token, used: now, notice: None });
        Entry::Welcome(id)
    }

    /// Whose session this is; what was to be said to them is said now.
    pub(super) fn visitor(
        &mut self,
        id: &str,
        token: Option<&SecretString>,
        now: Instant,
    ) -> Option<Visitor> {
        let lives = |session: &Session| {
            let with_token =
                token.is_some_and(|token| same(session.token.expose_secret(), token.expose_secret()));
            with_token && now - session.used < IDLE_MAX
        };
        self.open.retain(lives);
        let mut session = self.take(id)?;
        session.used = now;
        let visitor = Visitor { form: session.form.clone(), notice: None };
        self.open.push_back(session);
        Some(visitor)
    }

    /// What is to be said to them, once.
    pub(super) fn notice(&mut self, id: &str) -> Option<Notice> {
        self.open.iter_mut().find(|session| same(&session.id, id))?.notice.take()
    }

    /// Something is said at the next page of a session.
    pub(super) fn tell(&mut self, id: &str, Notice { is_fine, words }: &Notice) {
        let words = words.chars().take(NOTICE_CHARS_MAX).collect();
        if let Some(session) = self.open.iter_mut().find(|session| same(&session.id, id)) {
            session.notice = Some(Notice { is_fine: *is_fine, words });
        }
    }

    /// Ends a session.
    pub(super) fn leave(&mut self, id: &str) {
        drop(self.take(id));
    }

    fn take(&mut self, id: &str) -> Option<Session> {
        let at = self.open.iter().position(|session| same(&session.id, id))?;
        self.open.remove(at)
    }
}

impl Visitor {
    /// Whether a form is one that they were given.
    pub(super) fn gave(&self, form: &str) -> bool {
        same(&self.form, form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn welcome(sessions: &mut Sessions, token: &SecretString, now: Instant) -> String {
        match sessions.enter(token.expose_secret(), Some(token), now) {
            Entry::Welcome(id) => id,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_session_is_neither_the_token_nor_another() {
        let (token, now) = (SecretString::from("right"), Instant::now());
        let mut sessions = Sessions::default();
        let (one, two) = (welcome(&mut sessions, &token, now), welcome(&mut sessions, &token, now));
        assert_ne!(one, two);
        let form = |sessions: &mut Sessions, id: &str| sessions.visitor(id, Some(&token), now).unwrap().form;
        let forms = [form(&mut sessions, &one), form(&mut sessions, &two)];
        assert_ne!(forms[0], forms[1]);
        assert!(sessions.visitor("right", Some(&token), now).is_none());
        assert!(sessions.visitor("", Some(&token), now).is_none());
        let visitor = sessions.visitor(&one, Some(&token), now).unwrap();
        assert!(visitor.gave(&forms[0]) && !visitor.gave(&forms[1]) && !visitor.gave(""));
    }

    #[test]
    fn a_session_ends_with_its_token_when_idle_and_when_left() {
        let (token, other, now) = (SecretString::from("right"), SecretString::from("new"), Instant::now());
        let mut sessions = Sessions::default();
        let id = welcome(&mut sessions, &token, now);
        assert!(sessions.visitor(&id, Some(&token), now + IDLE_MAX / 2).is_some());
        assert!(sessions.visitor(&id, Some(&token), now + IDLE_MAX).is_some(), "it was used meanwhile");
        assert!(sessions.visitor(&id, Some(&token), now + IDLE_MAX * 2).is_none());
        let id = welcome(&mut sessions, &token, now);
        assert!(sessions.visitor(&id, Some(&other), now).is_none());
        assert!(sessions.visitor(&id, Some(&token), now).is_none(), "it does not come back");
        let id = welcome(&mut sessions, &token, now);
        assert!(sessions.visitor(&id, None, now).is_none());
        let id = welcome(&mut sessions, &token, now);
        sessions.leave(&id);
        assert!(sessions.visitor(&id, Some(&token), now).is_none());
    }

    #[test]
    fn sessions_are_bounded_and_the_idlest_goes() {
        let (token, now) = (SecretString::from("right"), Instant::now());
        let mut sessions = Sessions::default();
        let ids: Vec<_> = (0..SESSIONS_MAX).map(|_| welcome(&mut sessions, &token, now)).collect();
        assert!(sessions.visitor(&ids[0], Some(&token), now).is_some());
        welcome(&mut sessions, &token, now);
        assert!(sessions.visitor(&ids[0], Some(&token), now).is_some());
        assert!(sessions.visitor(&ids[1], Some(&token), now).is_none());
        assert_eq!(sessions.open.len(), SESSIONS_MAX);
    }

    #[test]
    fn wrong_tokens_are_counted_and_then_not_looked_at() {
        let (token, now) = (SecretString::from("right"), Instant::now());
        let mut sessions = Sessions::default();
        for _ in 0..WRONG_MAX {
            assert_eq!(sessions.enter("wrong", Some(&token), now), Entry::Wrong);
        }
        assert_eq!(sessions.enter("right", Some(&token), now), Entry::TooMany);
        assert!(matches!(sessions.enter("right", Some(&token), now + WRONG_WINDOW), Entry::Welcome(_)));
        assert_eq!(sessions.enter("", None, now + WRONG_WINDOW), Entry::Wrong);
    }

    #[test]
    fn a_notice_is_said_once_to_its_own_session() {
        let (token, now) = (SecretString::from("right"), Instant::now());
        let mut sessions = Sessions::default();
        let (one, two) = (welcome(&mut sessions, &token, now), welcome(&mut sessions, &token, now));
        let notice = Notice { is_fine: true, words: "x".repeat(NOTICE_CHARS_MAX * 2) };
        sessions.tell(&one, &notice);
        assert_eq!(sessions.notice(&two), None);
        assert_eq!(sessions.notice(&one).unwrap().words.len(), NOTICE_CHARS_MAX);
        assert_eq!(sessions.notice(&one), None);
    }
}
