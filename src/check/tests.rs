use super::bot::{intent, sessions, token};
use super::links::{Link, Told, links, required, wanted};
use super::machine::{Directory, Inside, Node, Ticks, clock, configuration, directory, node};
use super::*;
use crate::config::{Environment, Sources};
use crate::discord::invite;
use crate::discord::powers::{For, GuildRoles, Membership, Overwrite, Place, Powers};
use crate::discord::profile::{Profile, Unanswered};
use crate::discord::starts::Sessions;
use crate::discord::webhooks::{Hooks, name};
use events::{ApplicationId, ChannelId, GuildId, MirrorId, RoleId, UserId, Version};
use expect_test::{Expect, expect};
use std::path::Path;

fn check(lines: impl IntoIterator<Item = Line>, expected: &Expect) {
    expected.assert_eq(&Report { lines: lines.into_iter().collect() }.to_string());
}

fn inside() -> Inside {
    Inside { mode: 0o700, owner: 7, us: 7, is_writable: true, free: Some(5 << 30), views: 1 << 20 }
}

#[test]
fn directories() {
    let look = |found: &Directory| directory(Path::new("/d"), found);
    let there = |change: fn(&mut Inside)| {
        let mut inside = inside();
        change(&mut inside);
        look(&Directory::There(inside))
    };
    let all = [
        look(&Directory::Missing { free: Some(3 << 30) }),
        look(&Directory::Missing { free: None }),
        look(&Directory::NotADirectory),
        look(&Directory::Closed("permission denied".to_owned())),
        there(|_| ()),
        there(|inside| inside.mode = 0o750),
        there(|inside| inside.owner = 0),
        there(|inside| inside.is_writable = false),
        there(|inside| inside.free = Some((100 << 20) - 1)),
        there(|inside| inside.free = Some(500 << 20)),
        there(|inside| inside.views = 6 << 30),
    ];
    check(
        all.into_iter().flatten(),
        &expect![[r#"
        ok     data directory: /d is not there yet; the first `mirror link` makes it
        ok     disk: 3.0 GiB free
        ok     data directory: /d is not there yet; the first `mirror link` makes it
        fails  data directory: /d is no directory
               -> name another one: data_dir, or --data-dir
        fails  data directory: /d cannot be looked at: permission denied
               -> run this as the user that the node runs as
        ok     data directory: /d, for its owner alone
        ok     disk: 5.0 GiB free
        warn   data directory: /d is open to others (mode 750)
               -> chmod 700 /d: it holds everything that people said
        ok     disk: 5.0 GiB free
        fails  data directory: /d belongs to user 0, and this is user 7
               -> run this, and every command, as the user that the node runs as: files made by another would stop it
        ok     disk: 5.0 GiB free
        fails  data directory: nothing can be written in /d
               -> make it writable for this user
        ok     disk: 5.0 GiB free
        ok     data directory: /d, for its owner alone
        fails  disk: 100.0 MiB free
               -> free some space: a full disk stops the log, and with it everything
        ok     data directory: /d, for its owner alone
        warn   disk: 500.0 MiB free
               -> free some space before the log needs it
        ok     data directory: /d, for its owner alone
        warn   disk: 5.0 GiB free, and views.db takes 6.0 GiB
               -> free some space: `mirror replay` builds views anew beside the old ones
        11 ok, 3 warnings, 5 fail
    "#]],
    );
}

#[test]
fn nodes() {
    let all = [Node::Runs, Node::Rests, Node::Unread("the disk is broken".to_owned())];
    check(
        all.map(|one| node(&one, Path::new("/d"))),
        &expect![[r#"
        ok     node: one runs in the data directory, and answers
        ok     node: none runs in the data directory
        fails  node: the disk is broken
               -> set that right; `mirror status --data-dir /d` asks the same
        2 ok, 0 warnings, 1 fails
    "#]],
    );
}

#[test]
fn where_a_configuration_is_from() {
    let variables = [("MIRROR_NODE", "one"), ("MIRROR_LOGG", "x")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let sources = Sources {
        working_dir: "/nowhere".into(),
        environment: Environment::from(variables),
        flags: vec![("data_dir", "/d".to_owned()), ("telemetry.level", "info".to_owned())],
        ..Sources::default()
    };
    check(
        configuration(&sources.load().unwrap()),
        &expect![[r#"
        ok     configuration: 2 keys from flags, 1 key from the environment
        warn   configuration: variable MIRROR_LOGG means nothing here; did you mean 'MIRROR_LOG'?
               -> remove it or spell it right
        1 ok, 1 warning, 0 fail
    "#]],
    );
    check(
        configuration(&crate::config::Config::default()),
        &expect![[r#"
        ok     configuration: all defaults
        1 ok, 0 warnings, 0 fail
    "#]],
    );
}

/// The clock is off by what is proved: Discord tells whole seconds, and an answer takes its time.
#[test]
fn clocks() {
    for (before_ms, after_ms, off) in [
        (10_000, 10_100, 0),
        (9_000, 10_000, 0),
        (11_000, 11_000, 0),
        (11_001, 11_100, 1),
        (14_500, 14_600, 3_500),
        (6_000, 6_900, -3_100),
        (0, 60_000, 0),
    ] {
        let (before, after) = (Version(before_ms * 1_000), Version(after_ms * 1_000));
        assert_eq!(Ticks { before, after, theirs_s: 10 }.off_ms(), off, "{before_ms} to {after_ms}");
    }
    let at = |s: i64| {
        clock(Ticks { before: Version(s * 1_000_000), after: Version(s * 1_000_000), theirs_s: 1000 })
    };
    check(
        [at(1000), at(1003), at(1004), at(998), at(997), at(1061), at(1062), at(900)],
        &expect![[r#"
        ok     clock: agrees with Discord's
        ok     clock: agrees with Discord's
        warn   clock: 3 s ahead of Discord's
               -> synchronize it (`timedatectl set-ntp true`, or chrony): the order of settings goes by it
        ok     clock: agrees with Discord's
        warn   clock: 3 s behind Discord's
               -> synchronize it (`timedatectl set-ntp true`, or chrony): the order of settings goes by it
        warn   clock: 60 s ahead of Discord's
               -> synchronize it (`timedatectl set-ntp true`, or chrony): the order of settings goes by it
        fails  clock: 61 s ahead of Discord's
               -> synchronize it (`timedatectl set-ntp true`, or chrony): the order of settings goes by it
        fails  clock: 100 s behind Discord's
               -> synchronize it (`timedatectl set-ntp true`, or chrony): the order of settings goes by it
        3 ok, 3 warnings, 2 fail
    "#]],
    );
}

fn profile(flags: u64) -> Profile {
    Profile { application: ApplicationId(5), user: UserId(6), name: "mirror".to_owned(), flags, at_s: None }
}

#[test]
fn tokens_and_intents() {
    let tokens = [
        Ok(profile(0)),
        Err(Unanswered::Token),
        Err(Unanswered::Refused("Missing Access (50001)".to_owned())),
        Err(Unanswered::Unreached("no route".to_owned())),
    ];
    let intents = [0, 1 << 18, 1 << 19, 1 << 15].map(|flags| intent(&profile(flags)));
    check(
        tokens.iter().map(token).chain(intents).chain([bot::no_token(), bot::unusable("bad")]),
        &expect![[r#"
        ok     token: good: "mirror", application 5
        fails  token: Discord refuses it
               -> copy it again: developer portal, your application, Bot, Reset Token
        fails  token: Discord says: Missing Access (50001)
               -> set that right in the developer portal
        fails  token: Discord cannot be reached: no route
               -> look at the network, and at discord.api; https://discordstatus.com tells Discord's own
        fails  intents: Message Content is off: Discord refuses such a session, and hides what people write
               -> developer portal, your application, Bot, Privileged Gateway Intents: switch on Message Content Intent
        ok     intents: Message Content is on
        ok     intents: Message Content is on
        fails  intents: Message Content is off: Discord refuses such a session, and hides what people write
               -> developer portal, your application, Bot, Privileged Gateway Intents: switch on Message Content Intent
        fails  token: none is configured, so nothing was asked of Discord
               -> `mirror init`, or MIRROR_DISCORD_TOKEN, or discord.token_file in mirror.toml
        fails  token: bad
               -> set it right in the configuration
        3 ok, 0 warnings, 7 fail
    "#]],
    );
}

#[test]
fn sessions_and_shards() {
    let told = |remaining, shards, configured| {
        let told = Sessions { shards, total: 1000, remaining, reset_after_ms: 5_400_000, max_concurrency: 1 };
        sessions(&told, configured)
    };
    let all = [told(900, 1, None), told(100, 2, Some(1)), told(0, 1, Some(2))];
    check(
        all.into_iter().flatten(),
        &expect![[r#"
        ok     sessions: 900 of 1000 sessions may still be begun, until 1.5 h from now
        ok     shards: 1, as Discord recommends
        warn   sessions: 100 of 1000 sessions may still be begun, until 1.5 h from now
               -> the node leaves this last tenth alone; look what else uses the token
        warn   shards: discord.shards is 1, Discord recommends 2
               -> raise discord.shards, or leave it out: a shard of over 2,500 guilds is refused
        fails  sessions: 0 of 1000 sessions may still be begun, until 1.5 h from now
               -> wait; and look why so many were begun: `mirror log`, other programs with this token
        ok     shards: discord.shards is 2, Discord recommends 1
        3 ok, 2 warnings, 1 fails
    "#]],
    );
}

const MIRROR: MirrorId = MirrorId(uuid::Uuid::from_u128(0x0123_abcd << 96));
const OTHER: MirrorId = MirrorId(uuid::Uuid::from_u128(0x4567_abcd << 96));

fn link(mirror: MirrorId, channel: u64, (publishes, receives): (bool, bool)) -> Link {
    Link {
        mirror,
        mirror_name: "lounge".to_owned(),
        channel: ChannelId(channel),
        name: format!("room-{channel}"),
        guild: GuildId(1),
        publishes,
        receives,
    }
}

/// A world of one guild, in which the bot (6) wears role 2 with these powers.
fn told(powers: Powers) -> Told {
    let roles = [(RoleId(1), Powers::NONE), (RoleId(2), powers)].into_iter().collect();
    let roles = GuildRoles { guild: GuildId(1), owner: UserId(9), roles };
    let member = Membership { user: UserId(6), roles: vec![RoleId(2)], is_timed_out: false };
    Told { guilds: [(GuildId(1), Ok(Some((roles, member))))].into(), ..Told::default() }
}

fn place(home: u64, kind: u8, denied: Powers) -> Result<Option<Place>, String> {
    let denied = Overwrite { to: For::Member(UserId(6)), allow: Powers::NONE, deny: denied };
    Ok(Some(Place {
        guild: GuildId(1),
        name: "room".to_owned(),
        kind,
        home: ChannelId(home),
        overwrites: vec![denied],
    }))
}

fn hooks(count: usize, ours: &[MirrorId]) -> Result<Hooks, String> {
    Ok(Hooks { count, ours: ours.iter().map(|mirror| name(*mirror)).collect() })
}

#[test]
fn what_a_link_needs() {
    let names =
        |kind, publishes, receives| Powers::NONE.missing(required(kind, publishes, receives)).join(", ");
    assert_eq!(names(0, true, false), "View Channel, Read Message History");
    assert_eq!(names(0, false, true), "View Channel, Send Messages, Read Message History, Manage Webhooks");
    assert_eq!(
        names(11, true, true),
        "View Channel, Read Message History, Manage Webhooks, Send Messages in Threads"
    );
    assert_eq!(names(15, true, true), names(0, true, true) + ", Manage Threads");
    let names = |kind, receives| Powers::NONE.missing(wanted(kind, receives)).join(", ");
    assert_eq!(names(0, true), "Manage Threads, Create Public Threads, Send Messages in Threads");
    assert_eq!(names(0, false) + &names(11, true), "");
    assert_eq!(names(15, true), "Manage Threads, Send Messages in Threads");
}

/// Whoever is invited as `mirror init` says lacks nothing, wherever it is linked.
#[test]
fn the_invitation_asks_for_exactly_what_links_need() {
    let kinds = [0, 5, 10, 11, 15, 16];
    let all = kinds.map(|kind| required(kind, true, true) | wanted(kind, true));
    assert_eq!(all.into_iter().fold(Powers::NONE, |all, one| all | one), invite::NEEDED);
    let url = "https://discord.com/oauth2/authorize?client_id=5&scope=bot+applications.commands&permissions=326954454016";
    assert_eq!(invite::url(ApplicationId(5)), url);
}

#[test]
fn links_that_work_and_links_that_do_not() {
    let both = (true, true);
    let all = [
        link(MIRROR, 10, both),
        link(MIRROR, 11, (true, false)),
        link(MIRROR, 12, both),
        link(MIRROR, 13, both),
        link(MIRROR, 14, both),
        link(MIRROR, 15, both),
        link(MIRROR, 16, both),
        link(MIRROR, 17, both),
        link(MIRROR, 18, (false, true)),
        Link { guild: GuildId(2), ..link(MIRROR, 19, both) },
    ];
    let mut told = told(invite::NEEDED);
    told.guilds.insert(GuildId(2), Ok(None));
    told.places = [
        (10, place(10, 0, Powers::NONE)),
        (11, place(11, 0, Powers::MANAGE_WEBHOOKS)),
        (12, place(12, 0, Powers::MANAGE_WEBHOOKS | Powers::READ_MESSAGE_HISTORY)),
        (13, place(13, 0, Powers::VIEW_CHANNEL)),
        (14, place(14, 15, Powers::MANAGE_THREADS)),
        (15, place(15, 0, Powers::CREATE_PUBLIC_THREADS)),
        (16, Ok(None)),
        (17, Err("Discord does not answer".to_owned())),
        (18, place(10, 11, Powers::NONE)),
        (19, Ok(None)),
    ]
    .map(|(channel, place)| (ChannelId(channel), place))
    .into();
    let homes: Vec<_> = told.homes_of(&all).into_iter().map(|home| home.0).collect();
    assert_eq!(homes, [10, 14, 15], "no list is asked for that would be refused");
    let guilds: Vec<_> = told.guilds_of(&all).into_iter().map(|guild| guild.0).collect();
    assert_eq!(guilds, [1, 2]);
    for home in homes {
        told.hooks.insert(ChannelId(home), hooks(1, &[MIRROR]));
    }
    check(
        links(&all, &told, "https://invite"),
        &expect![[r#"
        ok     lounge #room (10): publishes and receives: every permission is there, and a webhook or room for one
        ok     lounge #room (11): publishes: every permission is there
        fails  lounge #room (12): the bot lacks Read Message History, Manage Webhooks
               -> give it: channel settings, Permissions, or the bot's role
        fails  lounge #room (13): the bot lacks View Channel
               -> give it: channel settings, Permissions, or the bot's role
        fails  lounge #room (14): the bot lacks Manage Threads
               -> give it: channel settings, Permissions, or the bot's role
        warn   lounge #room (15): the bot lacks Create Public Threads: the lane stops at the first thread that needs it
               -> give it before people use threads: channel settings, Permissions, or the bot's role
        fails  lounge #room-16 (16): the channel is hidden from the bot, or not there any more
               -> give the bot View Channel there; if the channel was removed: mirror cut 'lounge' 16
        warn   lounge #room-17 (17): not looked at: Discord does not answer
               -> run `mirror check` again later
        ok     lounge #room (18): receives: every permission is there, and a webhook or room for one
        fails  lounge #room-19 (19): the bot is not in its guild (2)
               -> invite it: https://invite
        3 ok, 2 warnings, 5 fail
    "#]],
    );
}

#[test]
fn room_for_webhooks() {
    let all =
        [link(MIRROR, 10, (true, true)), link(OTHER, 10, (false, true)), link(OTHER, 11, (true, false))];
    let verdicts = |hooks| {
        let mut told = told(invite::NEEDED);
        let places = [10, 11].map(|at| (ChannelId(at), place(at, 0, Powers::NONE)));
        told.places = places.into();
        told.hooks = [(ChannelId(10), hooks)].into();
        links(&all, &told, "").iter().map(|line| line.verdict.word()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(verdicts(hooks(13, &[])), "ok ok ok");
    assert_eq!(verdicts(hooks(14, &[])), "fails fails ok", "one place, and two that need one");
    assert_eq!(verdicts(hooks(15, &[MIRROR])), "ok fails ok");
    assert_eq!(verdicts(hooks(14, &[MIRROR])), "ok ok ok");
    assert_eq!(verdicts(hooks(15, &[MIRROR, OTHER])), "ok ok ok");
    assert_eq!(verdicts(Err("busy".to_owned())), "warn warn ok");
}
