//! Arbitrary events.

use bytes::Bytes;
use events::event::*;
use events::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Any event at all.
pub(crate) fn event() -> impl Strategy<Value = Event> {
    let ids = (any::<u128>(), any::<u128>(), any::<u64>(), any::<u64>());
    let order = (any::<i64>(), any::<i64>(), node(), any::<u64>());
    (ids, order, body(), vec(any::<u8>(), 0..200)).prop_map(|(ids, order, body, raw)| Event {
        id: EventId(uuid::Uuid::from_u128(ids.0)),
        mirror: MirrorId(uuid::Uuid::from_u128(ids.1)),
        place: Place { service: Service::Discord, channel: ChannelId(ids.2), message: MessageId(ids.3) },
        version: Version(order.0),
        observed: Version(order.1),
        producer: Producer { node: order.2, seq: order.3 },
        body,
        raw: Bytes::from(raw),
    })
}

fn node() -> impl Strategy<Value = NodeId> {
    prop_oneof![Just(NodeId::default()), "[a-z0-9-]{1,16}".prop_map(|name| name.parse().unwrap())]
}

fn body() -> impl Strategy<Value = Body> {
    let id = any::<u64>;
    prop_oneof![
        created().prop_map(Body::Created),
        (option::of(author()), said()).prop_map(|(author, said)| Body::Edited(Edited { author, said })),
        (option::of(created()), decor())
            .prop_map(|(created, decor)| Body::Refreshed(Refreshed { created, decor })),
        Just(Body::Deleted),
        (id(), any::<u16>(), id(), outcome(), option::of(id())).prop_map(
            |(link, part, copy, outcome, thread)| {
                let (link, copy, thread) = (ChannelId(link), MessageId(copy), thread.map(ChannelId));
                Body::Receipt(Receipt { link, part, copy, outcome, thread })
            }
        ),
        text().prop_map(|name| Body::Declared(Declared { name })),
        linked().prop_map(Body::Linked),
        Just(Body::Cut),
        Just(Body::Restored),
        grant().prop_map(Body::RoleGranted),
        grant().prop_map(Body::RoleRevoked),
        (id(), id(), text()).prop_map(|(from, to, cause)| {
            Body::Gap(Gap { from: MessageId(from), to: MessageId(to), cause })
        }),
        thread().prop_map(Body::Thread),
        consent().prop_map(Body::Consent),
        text().prop_map(|kind| Body::Other(Other { kind })),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![4 => ".{0,40}", 1 => "[ -~]{200,300}"]
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    vec(text(), 0..3)
}

fn created() -> impl Strategy<Value = Created> {
    let thread = option::of(any::<u64>());
    (author(), option::of(said()), option::of(reply_to()), decor(), any::<u8>(), thread).prop_map(
        |(author, said, reply_to, decor, kind, thread)| {
            let thread = thread.map(ChannelId);
            Created { author, said, reply_to, decor, kind, thread }
        },
    )
}

fn author() -> impl Strategy<Value = Author> {
    let kind = prop_oneof![Just(AuthorKind::User), Just(AuthorKind::Bot), Just(AuthorKind::Webhook)];
    (any::<u64>(), text(), text(), option::of(text()), kind).prop_map(|(id, name, username, avatar, kind)| {
        Author { id: UserId(id), name, username, avatar, kind }
    })
}

fn said() -> impl Strategy<Value = Said> {
    let files = (vec(attachment(), 0..3), vec(sticker(), 0..3));
    (text(), files, texts(), option::of(poll()), option::of(forward()), names()).prop_map(
        |(text, (attachments, stickers), embeds, poll, forward, names)| Said {
            text,
            attachments,
            stickers,
            embeds,
            poll,
            forward,
            names,
        },
    )
}

fn attachment() -> impl Strategy<Value = Attachment> {
    let seconds = option::of(any::<u32>());
    (any::<u64>(), text(), text(), any::<u64>(), option::of(text()), option::of(text()), seconds).prop_map(
        |(id, name, url, size, content_type, description, seconds)| Attachment {
            id,
            name,
            url,
            size,
            content_type,
            description,
            seconds,
        },
    )
}

fn sticker() -> impl Strategy<Value = Sticker> {
    (any::<u64>(), text(), any::<u8>()).prop_map(|(id, name, format)| Sticker { id, name, format })
}

fn poll() -> impl Strategy<Value = Poll> {
    let terms = (any::<bool>(), any::<i64>());
    let terms = terms.prop_map(|(multiple, ends)| PollTerms { multiple, ends: Version(ends) });
    (text(), texts(), option::of(terms)).prop_map(|(question, answers, terms)| Poll {
        question,
        answers,
        terms,
    })
}

fn forward() -> impl Strategy<Value = Forward> {
    (text(), vec(attachment(), 0..2), texts(), vec(sticker(), 0..2))
        .prop_map(|(text, attachments, embeds, stickers)| Forward { text, attachments, embeds, stickers })
}

fn names() -> impl Strategy<Value = Names> {
    let named = || vec((any::<u64>(), text()), 0..3);
    (named(), named(), named()).prop_map(|(users, channels, roles)| Names {
        users: users.into_iter().map(|(id, name)| (UserId(id), name)).collect(),
        channels: channels.into_iter().map(|(id, name)| (ChannelId(id), name)).collect(),
        roles: roles.into_iter().map(|(id, name)| (RoleId(id), name)).collect(),
    })
}

fn reply_to() -> impl Strategy<Value = ReplyTo> {
    let quote = (text(), text()).prop_map(|(author, text)| Quote { author, text });
    (any::<u64>(), any::<u64>(), any::<u64>(), option::of(quote)).prop_map(
        |(channel, message, guild, quote)| ReplyTo {
            channel: ChannelId(channel),
            message: MessageId(message),
            guild: GuildId(guild),
            quote,
        },
    )
}

fn decor() -> impl Strategy<Value = Decor> {
    (texts(), any::<u64>(), any::<bool>()).prop_map(|(embeds, flags, pinned)| Decor { embeds, flags, pinned })
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        shown().prop_map(Outcome::Shown),
        thread_shown().prop_map(Outcome::Threaded),
        (shown(), thread_shown()).prop_map(|(shown, post)| Outcome::Posted { shown, post }),
        Just(Outcome::Gone(GoneBy::Us)),
        Just(Outcome::Gone(GoneBy::Another)),
        (any::<i64>(), text())
            .prop_map(|(version, reason)| Outcome::Refused { version: Version(version), reason }),
    ]
}

fn shown() -> impl Strategy<Value = Shown> {
    (any::<i64>(), any::<u64>(), any::<u64>(), any::<bool>(), vec(any::<u64>(), 0..3)).prop_map(
        |(version, hash, webhook, last, files)| {
            let (version, webhook) = (Version(version), WebhookId(webhook));
            Shown { version, hash, webhook, last, files }
        },
    )
}

fn thread_shown() -> impl Strategy<Value = ThreadShown> {
    (any::<i64>(), any::<u64>()).prop_map(|(version, hash)| ThreadShown { version: Version(version), hash })
}

fn consent() -> impl Strategy<Value = Consent> {
    let terms = (any::<u64>(), any::<u64>(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(from, guild, publishes, receives, backfill)| Terms {
            from: ChannelId(from),
            guild: GuildId(guild),
            publishes,
            receives,
            backfill,
        },
    );
    let step = prop_oneof![
        terms.prop_map(ConsentStep::Asked),
        Just(ConsentStep::Accepted),
        Just(ConsentStep::Refused),
        Just(ConsentStep::Withdrawn),
        text().prop_map(ConsentStep::Denied),
    ];
    (any::<u128>(), any::<u64>(), any::<u64>(), step).prop_map(|(request, by, guild, step)| Consent {
        request: EventId(uuid::Uuid::from_u128(request)),
        by: UserId(by),
        guild: GuildId(guild),
        step,
    })
}

fn thread() -> impl Strategy<Value = Thread> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (text(), any::<u8>(), flags, texts(), any::<u64>()).prop_map(
        |(name, kind, (archived, locked, deleted), tags, owner)| Thread {
            name,
            kind,
            archived,
            locked,
            tags,
            owner: UserId(owner),
            deleted,
        },
    )
}

fn linked() -> impl Strategy<Value = Linked> {
    let shares = (any::<bool>(), any::<bool>(), any::<bool>());
    (any::<u64>(), option::of(any::<u64>()), text(), any::<i64>(), shares).prop_map(
        |(guild, parent, name, since, (publishes, receives, forum))| Linked {
            guild: GuildId(guild),
            parent: parent.map(ChannelId),
            name,
            since: Version(since),
            publishes,
            receives,
            forum,
        },
    )
}

fn grant() -> impl Strategy<Value = Grant> {
    (any::<u64>(), text(), any::<bool>()).prop_map(|(user, role, purge)| Grant {
        user: UserId(user),
        role,
        purge,
    })
}
