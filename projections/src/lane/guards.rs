//! The guards of the lane protocol, each with a name. All are on, outside the tests that show what each is for.

/// Which parts of the protocol are on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guards {
    /// A row written by another owner stops this one.
    pub own: bool,
    /// A message is planned again only over its last receipt.
    pub know: bool,
    /// An intent is durable before its call.
    pub intent: bool,
    /// A message of ours that nothing claims is the effect of the open intent.
    pub evidence: bool,
    /// That there was no effect is believed only after W.
    pub wait: bool,
    /// History counts only if it shows an anchor.
    pub anchor: bool,
    /// That there was no effect needs two reads.
    pub twice: bool,
    /// A lane opens by reading history after its last receipt.
    pub open_by_history: bool,
    /// The audit removes only what a settled intent explains.
    pub interval: bool,
    /// An ambiguous edit is written again after W.
    pub verify_edit: bool,
}

impl Default for Guards {
    fn default() -> Self {
        Self {
            own: true,
            know: true,
            intent: true,
            evidence: true,
            wait: true,
            anchor: true,
            twice: true,
            open_by_history: true,
            interval: true,
            verify_edit: true,
        }
    }
}

impl Guards {
    /// Each with its name: a guard that is not in this list does not compile.
    #[must_use]
    pub const fn each(&self) -> [(&'static str, bool); 10] {
        let Self { own, know, intent, evidence, wait, anchor, twice, open_by_history, interval, verify_edit } =
            *self;
        [
            ("own", own),
            ("know", know),
            ("intent", intent),
            ("evidence", evidence),
            ("wait", wait),
            ("anchor", anchor),
            ("twice", twice),
            ("open_by_history", open_by_history),
            ("interval", interval),
            ("verify_edit", verify_edit),
        ]
    }
}
