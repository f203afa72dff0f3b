use super::*;

const EVERYONE: For = For::Role(RoleId(1));
const MOD: For = For::Role(RoleId(2));
const MUTED: For = For::Role(RoleId(3));
const ADA: For = For::Member(UserId(10));

const VIEW: Powers = Powers::VIEW_CHANNEL;
const SEND: Powers = Powers::SEND_MESSAGES;
const HOOKS: Powers = Powers::MANAGE_WEBHOOKS;
const NONE: Powers = Powers::NONE;

/// A guild whose `@everyone` sees and sends, whose role 2 keeps webhooks, and whose role 4 is an administrator.
fn guild() -> GuildRoles {
    let roles = [(1, VIEW | SEND), (2, HOOKS), (3, NONE), (4, Powers::ADMINISTRATOR)];
    let roles = roles.into_iter().map(|(id, powers)| (RoleId(id), powers)).collect();
    GuildRoles { guild: GuildId(1), owner: UserId(9), roles }
}

fn member(user: u64, roles: &[u64]) -> Membership {
    let roles = roles.iter().map(|role| RoleId(*role)).collect();
    Membership { user: UserId(user), roles, is_timed_out: false }
}

fn check(what: &str, member: &Membership, overwrites: &[(For, Powers, Powers)], expected: Powers) {
    let overwrites: Vec<_> =
        overwrites.iter().map(|&(to, allow, deny)| Overwrite { to, allow, deny }).collect();
    assert_eq!(in_channel(&guild(), member, &overwrites), expected, "{what}");
}

#[test]
fn roles_add_up() {
    check("@everyone", &member(10, &[]), &[], VIEW | SEND);
    check("a role more", &member(10, &[2]), &[], VIEW | SEND | HOOKS);
    check("a role that is not known", &member(10, &[77]), &[], VIEW | SEND);
    check("the owner", &member(9, &[]), &[(EVERYONE, NONE, Powers::ALL)], Powers::ALL);
    check("an administrator", &member(10, &[4]), &[(ADA, NONE, Powers::ALL)], Powers::ALL);
}

#[test]
fn a_later_overwrite_beats_an_earlier_and_allowed_beats_denied_among_roles() {
    let (ada, both) = (member(10, &[]), member(10, &[2, 3]));
    check("denied to all", &ada, &[(EVERYONE, NONE, SEND)], VIEW);
    check("allowed to all", &ada, &[(EVERYONE, HOOKS, NONE)], VIEW | SEND | HOOKS);
    check("allowed to a role, whatever the order", &both, &[(MOD, SEND, NONE), (EVERYONE, NONE, SEND)], {
        VIEW | SEND | HOOKS
    });
    check("two roles", &both, &[(MOD, SEND, NONE), (MUTED, NONE, SEND | HOOKS)], VIEW | SEND);
    check("to the member", &both, &[(ADA, NONE, HOOKS), (MOD, HOOKS, NONE)], VIEW | SEND);
    check("to the member again", &both, &[(MUTED, NONE, SEND), (ADA, SEND, NONE)], VIEW | SEND | HOOKS);
    check("to others", &ada, &[(MOD, HOOKS, SEND), (For::Member(UserId(2)), HOOKS, SEND)], VIEW | SEND);
    // A role and a member may have the same number.
    check("a member with a role's id", &member(2, &[]), &[(MOD, NONE, SEND)], VIEW | SEND);
}

#[test]
fn without_view_channel_there_is_nothing() {
    check("hidden", &member(10, &[2]), &[(EVERYONE, NONE, VIEW)], NONE);
    check("hidden from all but one", &member(10, &[2]), &[(EVERYONE, NONE, VIEW), (ADA, VIEW, NONE)], {
        VIEW | SEND | HOOKS
    });
}

#[test]
fn an_overwrite_makes_no_administrator() {
    check("it says so", &member(10, &[]), &[(ADA, Powers::ALL, NONE)], {
        Powers::ALL.without(Powers::ADMINISTRATOR)
    });
}

#[test]
fn who_is_timed_out_may_look() {
    let silent = |user, roles| Membership { is_timed_out: true, ..member(user, roles) };
    check("a member", &silent(10, &[2]), &[], VIEW);
    check("an administrator", &silent(10, &[4]), &[], Powers::ALL);
    for (until, now_s, expected) in [
        (None, Some(0), false),
        (Some("1970-01-01T00:00:10+00:00"), Some(9), true),
        (Some("1970-01-01T00:00:10+00:00"), Some(11), false),
        (Some("1970-01-01T00:00:10+00:00"), None, true),
        (Some("soon"), Some(0), false),
    ] {
        assert_eq!(is_ahead(until, now_s), expected, "{until:?} {now_s:?}");
    }
}

#[test]
fn a_private_thread_is_for_who_manages_threads() {
    let place = |kind| Place {
        guild: GuildId(1),
        name: String::new(),
        kind,
        home: ChannelId(5),
        overwrites: vec![Overwrite { to: MOD, allow: Powers::MANAGE_THREADS, deny: NONE }],
    };
    assert_eq!(in_place(&guild(), &member(10, &[]), &place(11)), VIEW | SEND);
    assert_eq!(in_place(&guild(), &member(10, &[]), &place(12)), NONE);
    assert!(in_place(&guild(), &member(10, &[2]), &place(12)).has(SEND | Powers::MANAGE_THREADS));
}

#[test]
fn what_is_missing_is_named_as_discord_names_it() {
    assert_eq!(SEND.missing(VIEW | SEND | HOOKS), ["View Channel", "Manage Webhooks"]);
    assert_eq!(Powers::ALL.missing(VIEW | SEND), [""; 0]);
    assert!(!(VIEW | SEND).has(SEND | HOOKS));
    // Bits as Discord numbers them.
    let bits = [(Powers::MANAGE_WEBHOOKS, 0x2000_0000), (Powers::SEND_MESSAGES_IN_THREADS, 0x40_0000_0000)];
    bits.iter().for_each(|(powers, bits)| assert_eq!(powers.0, *bits));
}
