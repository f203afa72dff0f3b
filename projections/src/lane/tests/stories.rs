//! Stories over the real views and rendering: parts through crashes, a link cut and made again, replies,
//! bans, namesakes. DESIGN.md 12.

use super::know::Real;
use crate::deliver::Next;
use crate::lane::proof::channel::Fate;
use crate::lane::proof::ends::violations;
use crate::lane::proof::know::Know;
use crate::lane::proof::owner::{At, Owner};
use crate::lane::proof::world::{SOURCE, World};
use crate::lane::{Action, Deed, Rules, Work};
use crate::sink::Request;
use events::event::{Author, AuthorKind, Created, Decor, Grant, ReplyTo, Said};
use events::{Body, ChannelId, MessageId, UserId};

fn world() -> World<Real> {
    World::new(Real::default(), 1, Rules::default())
}

/// Runs the lane until it rests; where `crash` says so, right after a request, a new owner goes on.
fn run(world: &mut World<Real>, mut crash: impl FnMut(&Request) -> bool) -> Vec<Request> {
    let mut requests = Vec::new();
    world.fold();
    let mut owner = Owner::new(world, 0);
    for _ in 0..50_000 {
        if owner.is_settled() {
            world.fold();
            assert_eq!(violations(world, &owner), Vec::<String>::new(), "after {requests:?}");
            return requests;
        }
        let request = match &owner.at {
            At::Action(Action::Send(request)) => Some(request.clone()),
            _ => None,
        };
        owner.turn(world);
        let Some(request) = request else { continue };
        if crash(&request) {
            owner = Owner::new(world, 0);
        }
        requests.push(request);
    }
    panic!("it does not settle: {:?}", owner.at);
}

/// An owner that died after each request would never know that an edit took effect.
fn every_other() -> impl FnMut(&Request) -> bool {
    let mut dies = false;
    move |_| {
        dies = !dies;
        dies
    }
}

fn texts(world: &World<Real>) -> Vec<String> {
    world.sites[0].channel.copies().map(|(_, shown)| shown.content.clone()).collect()
}

fn copies(world: &World<Real>) -> Vec<MessageId> {
    world.sites[0].channel.copies().map(|(id, _)| id).collect()
}

fn long(word: &str, characters: usize) -> String {
    let text: String = format!("{word} ").repeat(characters / (word.len() + 1));
    text.trim_end().to_owned()
}

#[test]
fn three_parts_to_one_to_two_with_a_crash_after_each_request() {
    let (one, two) = ("short".to_owned(), long("two", 3_000));
    let play = |crash: Option<usize>| {
        let mut world = world();
        let mut count = 0;
        let mut crash = |_: &Request| {
            count += 1;
            crash.map_or(count % 2 == 1, |at| at == count)
        };
        let id = world.write(SOURCE, 9, &long("word", 4_500));
        let mut requests = run(&mut world, &mut crash).len();
        assert_eq!(texts(&world).len(), 3);
        world.edit(id, &one);
        requests += run(&mut world, &mut crash).len();
        assert_eq!(texts(&world), std::slice::from_ref(&one));
        world.edit(id, &two);
        requests += run(&mut world, &mut crash).len();
        // Growth goes into an embed of the last part: an edit never creates.
        let shown: Vec<_> = world.sites[0].channel.copies().map(|(_, shown)| shown.clone()).collect();
        assert_eq!(shown.len(), 1);
        assert!(shown[0].content.starts_with("two two") && shown[0].embeds.len() == 1, "{shown:?}");
        assert_eq!(world.sites[0].channel.posted, 3);
        requests
    };
    let calm = play(Some(usize::MAX));
    assert_eq!(calm, 1 + 3 + 3 + 1, "a notice, three creates, an edit and two deletes, an edit");
    for at in 1..=calm {
        play(Some(at));
    }
    play(None);
}

/// Discord tells of our own delete as of somebody's: where its answer is lost, the lane still says that it
/// was us, or the text of that part would stay away for ever.
#[test]
fn a_tail_part_whose_delete_was_lost_is_ours_to_have_removed() {
    for crash in [false, true] {
        let mut world = world();
        let id = world.write(SOURCE, 9, &long("word", 3_000));
        run(&mut world, |_| false);
        world.edit(id, "short");
        world.fold();
        let mut owner = Owner::new(&mut world, 0);
        while !matches!(&owner.at, At::Action(Action::Send(Request::Delete(..)))) {
            owner.turn(&mut world);
        }
        world.sites[0].fate = Some(Fate::Lost);
        owner.turn(&mut world);
        world.tell_deletions();
        world.edit(id, &long("more", 3_000));
        world.fold();
        if crash {
            owner = Owner::new(&mut world, 0);
        }
        while !owner.is_settled() {
            owner.turn(&mut world);
        }
        let shown: Vec<_> = world.sites[0].channel.copies().map(|(_, shown)| shown.clone()).collect();
        assert_eq!((shown.len(), shown[0].embeds.len()), (1, 1), "all of it, crash: {crash}; {shown:?}");
    }
}

#[test]
fn an_edit_in_the_middle_of_the_first_send() {
    for (to, parts) in [("short".to_owned(), 1), (long("two", 3_000), 2), (long("five", 9_000), 5)] {
        for sent in 1..=3 {
            let mut world = world();
            let id = world.write(SOURCE, 9, &long("word", 4_500));
            world.fold();
            let mut owner = Owner::new(&mut world, 0);
            while world.sites[0].channel.posted < sent {
                owner.turn(&mut world);
            }
            world.edit(id, &to);
            drop(owner);
            run(&mut world, |_| false);
            // With all three sent their number is fixed.
            let expected = if sent == 3 { parts.min(3) } else { parts };
            assert_eq!(copies(&world).len(), expected, "{sent} of 3 sent, then {parts}");
        }
    }
}

#[test]
fn a_link_cut_and_made_again_with_a_backlog() {
    const BACKLOG: usize = 400;
    let mut world = world();
    let link = world.sites[0].link;
    let before: Vec<_> = (0..4).map(|number| world.write(SOURCE, 9, &format!("before {number}"))).collect();
    run(&mut world, |_| false);
    world.note(link, Body::Cut);
    for number in 0..BACKLOG {
        world.write(SOURCE, 9, &format!("meanwhile {number}"));
    }
    world.edit(before[0], "edited meanwhile");
    world.delete(before[1]);
    assert_eq!(run(&mut world, |_| false), [], "a cut link owes nothing");
    world.pass(10);
    let since = world.wall();
    world.link(link, since);
    world.write(SOURCE, 9, "after");
    world.is_ordered = false;
    run(&mut world, every_other());
    assert_eq!(texts(&world), ["edited meanwhile", "before 2", "before 3", "after"]);
    world.link(link, events::event::Linked::BEGINNING);
    run(&mut world, |_| false);
    assert_eq!(texts(&world).len(), 4 + BACKLOG, "with the beginning, the backlog too");
}

/// What the lane would do next for `id`, and how patient it is.
fn next(world: &World<Real>, id: MessageId, patient: bool) -> Next {
    world.know.next(world.sites[0].link, &[], id, patient.then(|| world.wall()))
}

fn content(next: Next) -> String {
    match next {
        Next::Work(work) => work.rendered.unwrap().content,
        other => panic!("{other:?}"),
    }
}

fn answers(world: &mut World<Real>, channel: ChannelId, message: MessageId) -> MessageId {
    let reply = ReplyTo { channel, message, ..ReplyTo::default() };
    let id = world.write_reply(SOURCE, 4, "so it is", Some(reply));
    world.fold();
    id
}

#[test]
fn replies() {
    let mut world = world();
    let link = world.sites[0].link;
    let unknown = crate::lane::proof::channel::id_at(world.now_ms, 999);
    let reply = answers(&mut world, SOURCE, unknown);
    assert_eq!(next(&world, reply, true), Next::Unsettled, "the answered message may come yet");
    assert!(content(next(&world, reply, false)).contains("so it is"), "it is not waited for for ever");
    let old = crate::lane::proof::channel::id_at(0, 1);
    let reply = answers(&mut world, SOURCE, MessageId(old.0 - (120_000 << 22)));
    assert!(matches!(next(&world, reply, true), Next::Work(_)), "an old message does not come any more");
    // To a message whose copy is not made yet: it quotes the source.
    let asked = world.write(SOURCE, 9, "is it so?");
    let reply = answers(&mut world, SOURCE, asked);
    let words = content(next(&world, reply, true));
    assert!(words.contains("is it so?") && words.contains(&format!("/{SOURCE}/{asked}")), "{words}");
    // With the copy made, it links to the copy; so does a reply to the copy itself.
    run(&mut world, |_| false);
    let copy = world.know.known(link, &[], asked).held.copies[0].id;
    for to in [(SOURCE, asked), (link, copy)] {
        let reply = answers(&mut world, to.0, to.1);
        let words = content(next(&world, reply, true));
        assert!(words.contains("is it so?") && words.contains(&format!("/{link}/{copy}")), "{words}");
    }
    // The copy removed, it links to the source again.
    world.sites[0].channel.remove(copy);
    world.tell_deletions();
    let reply = answers(&mut world, link, copy);
    let words = content(next(&world, reply, true));
    assert!(words.contains(&format!("/{SOURCE}/{asked}")), "{words}");
    // In the channel of the source itself, to the original.
    let there = world.write(link, 9, "said there");
    let reply = answers(&mut world, link, there);
    let words = content(next(&world, reply, true));
    assert!(words.contains(&format!("/{link}/{there}")), "{words}");
}

#[test]
fn bans() {
    let mut world = world();
    let ban = |purge| Body::RoleGranted(Grant { user: UserId(9), role: Grant::BANNED.to_owned(), purge });
    let unban = Body::RoleRevoked(Grant { user: UserId(9), role: Grant::BANNED.to_owned(), purge: false });
    let id = world.write(SOURCE, 9, "before");
    world.edit(id, "before, edited");
    run(&mut world, |_| false);
    world.note(ChannelId(0), ban(false));
    world.pass(1);
    world.write(SOURCE, 9, "under the ban");
    world.edit(id, "edited under the ban");
    world.write(SOURCE, 8, "another's");
    run(&mut world, |_| false);
    assert_eq!(texts(&world), ["before, edited", "another's"]);
    world.note(ChannelId(0), unban);
    world.pass(1);
    world.write(SOURCE, 9, "after the ban");
    world.edit(id, "edited after the ban");
    run(&mut world, |_| false);
    assert_eq!(texts(&world), ["edited after the ban", "another's", "after the ban"]);
    world.note(ChannelId(0), ban(true));
    run(&mut world, every_other());
    assert_eq!(texts(&world), ["another's"], "a purge removes what was copied");
}

#[test]
fn namesakes() {
    let mut world = world();
    let mut write = |user: u64| {
        let id = crate::lane::proof::channel::id_at(world.now_ms, (1 << 21) + 500 + user);
        world.pass(1);
        let author = Author {
            id: UserId(user),
            name: "Ann".to_owned(),
            username: format!("ann{user}"),
            kind: AuthorKind::User,
            ..Author::default()
        };
        let said = Some(Said { text: "hello".to_owned(), ..Said::default() });
        let body = Created { author, said, reply_to: None, decor: Decor::default(), kind: 0, thread: None };
        world.append(SOURCE, id, id.made(), Body::Created(body));
        world.fold();
        match world.know.next(world.sites[0].link, &[], id, None) {
            Next::Work(work) => match *work {
                Work { deed: Deed::Create, rendered: Some(rendered), .. } => rendered.username,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    };
    let (first, second) = (write(1), write(2));
    assert_eq!(first, "Ann");
    assert!(second.starts_with("Ann") && second != first, "{second}");
    assert_eq!(write(1 + 1), second, "and so again");
}
