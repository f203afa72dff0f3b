//! Discord's close codes. Source: Discord, "Opcodes and Status Codes, Gateway Close Event Codes".

pub(crate) const UNKNOWN_OPCODE: u16 = 4001;
pub(crate) const DECODE: u16 = 4002;
pub(crate) const NOT_AUTHENTICATED: u16 = 4003;
pub(crate) const AUTHENTICATION_FAILED: u16 = 4004;
pub(crate) const ALREADY_AUTHENTICATED: u16 = 4005;
pub(crate) const INVALID_SEQ: u16 = 4007;
pub(crate) const RATE_LIMITED: u16 = 4008;
pub(crate) const TIMED_OUT: u16 = 4009;
pub(crate) const INVALID_SHARD: u16 = 4010;
pub(crate) const SHARDING_REQUIRED: u16 = 4011;
pub(crate) const INVALID_VERSION: u16 = 4012;
pub(crate) const INVALID_INTENTS: u16 = 4013;
pub(crate) const DISALLOWED_INTENTS: u16 = 4014;

/// The words that go with a code.
pub(crate) fn reason(code: u16) -> &'static str {
    match code {
        4000 => "Unknown error.",
        UNKNOWN_OPCODE => "Unknown opcode.",
        DECODE => "Error while decoding payload.",
        NOT_AUTHENTICATED => "Not authenticated.",
        AUTHENTICATION_FAILED => "Authentication failed.",
        ALREADY_AUTHENTICATED => "Already authenticated.",
        INVALID_SEQ => "Invalid seq.",
        RATE_LIMITED => "You are being rate limited.",
        TIMED_OUT => "Session timed out.",
        INVALID_SHARD => "Invalid shard.",
        SHARDING_REQUIRED => "Sharding is required.",
        INVALID_VERSION => "Invalid API version.",
        INVALID_INTENTS => "Invalid intent(s).",
        DISALLOWED_INTENTS => "Disallowed intent(s).",
        _ => "",
    }
}

/// After these a session cannot be resumed.
pub(crate) fn ends_session(code: u16) -> bool {
    matches!(code, AUTHENTICATION_FAILED | INVALID_SEQ | TIMED_OUT | INVALID_SHARD..=DISALLOWED_INTENTS)
}
