use super::*;
use events::{GuildId, UserId};
use projections::requests::{AskedCell, EndCell, GOOD_FOR_US};

fn request() -> Request {
    let terms = events::event::Terms {
        from: ChannelId(42),
        guild: GuildId(51),
        publishes: true,
        receives: true,
        backfill: false,
    };
    let asked = AskedCell { channel: ChannelId(52), by: UserId(4), guild: GuildId(41), terms };
    Request { asked, at: Version(1_000), accepted: None, closed: None }
}

fn scene() -> Scene {
    Scene { guild: Some(GuildId(51)), channel: ChannelId(52), user: UserId(5), powers: KEEPER }
}

/// Each condition alone decides.
#[test]
fn each_condition_counts() {
    let check = |request: &Request, scene: Scene, now: i64, expected: Result<(), Denial>| {
        assert_eq!(may_answer(request, &scene, Version(now)), expected, "{scene:?} at {now}");
    };
    let by = UserId(5);
    let closed = |end| Request { closed: Some((EndCell { end, by }, Version(1_500))), ..request() };
    let accepted = |at| Some((by, Version(at)));
    check(&request(), scene(), 2_000, Ok(()));
    check(&request(), scene(), 1_000 + GOOD_FOR_US - 1, Ok(()));
    check(&request(), scene(), 1_000 + GOOD_FOR_US, Err(Denial::Expired));
    check(&request(), Scene { guild: None, ..scene() }, 2_000, Err(Denial::Direct));
    check(&request(), Scene { guild: Some(GuildId(41)), ..scene() }, 2_000, Err(Denial::OtherGuild));
    check(&request(), Scene { channel: ChannelId(53), ..scene() }, 2_000, Err(Denial::OtherChannel));
    let half = Scene { powers: Powers::MANAGE_WEBHOOKS, ..scene() };
    check(&request(), half, 2_000, Err(Denial::Powerless(vec!["Manage Channels"])));
    check(
        &request(),
        Scene { powers: Powers::ADMINISTRATOR, ..scene() },
        2_000,
        Err(Denial::Powerless(vec!["Manage Channels", "Manage Webhooks"])),
    );
    for end in [RequestEnd::Refused, RequestEnd::Withdrawn] {
        check(&closed(end), scene(), 2_000, Err(Denial::Ended(end)));
        // On two nodes at once: the earlier is told.
        let later = Request { accepted: accepted(1_600), ..closed(end) };
        check(&later, scene(), 2_000, Err(Denial::Ended(end)));
        let earlier = Request { accepted: accepted(1_400), ..closed(end) };
        check(&earlier, scene(), 2_000, Err(Denial::Ended(RequestEnd::Accepted)));
    }
    let yes = Request { accepted: accepted(1_500), ..request() };
    check(&yes, scene(), 2_000, Err(Denial::Ended(RequestEnd::Accepted)));
}

/// What is not there and what is somebody else's sound alike.
#[test]
fn a_stranger_learns_nothing_from_a_button() {
    let words = [Denial::NoRequest, Denial::OtherGuild, Denial::OtherChannel].map(|denial| denial.words());
    assert!(words.iter().all(|one| *one == words[0]), "{words:?}");
}
