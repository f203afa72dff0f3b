//! Links, cuts and bans.

use super::*;
use expect_test::expect;

#[test]
fn links_are_made_changed_and_cut() {
    run(async {
        let scene = Scene::new(false);
        let lines = [
            "mirrors",
            "link lounge https://discord.com/channels/40/42",
            "link lounge 42",
            "link lounge 43",
            "link lounge <#43> --guild 40 --receive-only --dry-run",
            "link lounge <#43> --guild 40 --receive-only",
            "link lounge 43 --backfill",
            "link lounge 43 --publish-only --backfill",
            "link launge 44 --guild 40 --dry-run",
            "link 12345 44 --guild 40",
            "link lounge general --guild 40",
            "link lounge 44 --guild xyz",
            "mirrors",
            "cut loun 43 --dry-run",
            "cut loun 43",
            "cut loun 43",
            "cut lounge 420",
            "cut lunge 43",
            "cut other 43",
            "link lounge 43",
            "mirrors",
        ];
        check(&scene, &lines, expect![[r#"
            $ mirror mirrors
            no mirrors yet; `mirror link NAME CHANNEL` makes one
            $ mirror link lounge https://discord.com/channels/40/42
            mirror 'lounge' is new
            linked channel 42 to 'lounge': publishes and receives, from 2025-11-24T16:00:02.000Z on
            $ mirror link lounge 42
            channel 42 is linked to 'lounge' already: publishes and receives, from 2025-11-24T16:00:02.000Z on
            $ mirror link lounge 43
            which guild channel 43 belongs to is not known: give its address (https://discord.com/channels/GUILD/CHANNEL) or --guild
            (2)
            $ mirror link lounge <#43> --guild 40 --receive-only --dry-run
            dry run, nothing was done: linked channel 43 to 'lounge': receives, from 2025-11-24T16:00:05.000Z on
            $ mirror link lounge <#43> --guild 40 --receive-only
            linked channel 43 to 'lounge': receives, from 2025-11-24T16:00:07.000Z on
            $ mirror link lounge 43 --backfill
            channel 43 takes part in 'lounge' differently now: publishes and receives, from the beginning of the mirror's history
            $ mirror link lounge 43 --publish-only --backfill
            error: the argument '--publish-only' cannot be used with '--backfill'
            (2)
            $ mirror link launge 44 --guild 40 --dry-run
            dry run, nothing was done: mirror 'launge' is new (there is 'lounge' too)
            dry run, nothing was done: linked channel 44 to 'launge': publishes and receives, from 2025-11-24T16:00:13.000Z on
            $ mirror link 12345 44 --guild 40
            '12345' cannot name a new mirror: 1 to 64 characters, no white space at its ends, more than digits, and no id of another
            (2)
            $ mirror link lounge general --guild 40
            'general' is no channel: give its id (42), <#42>, or its address (https://discord.com/channels/41/42)
            (2)
            $ mirror link lounge 44 --guild xyz
            'xyz' is no guild: give its id (41)
            (2)
            $ mirror mirrors
            lounge  10000000-0000-0000-0000-000000000001  build 0
              42  guild 40  publishes and receives  from 2025-11-24T16:00:02.000Z on
              43  guild 40  publishes and receives  from the beginning
            $ mirror cut loun 43 --dry-run
            dry run, nothing was done: cut channel 43 from 'lounge'; its copies stay as they are
            $ mirror cut loun 43
            cut channel 43 from 'lounge'; its copies stay as they are
            $ mirror cut loun 43
            channel 43 is cut from 'lounge' already
            $ mirror cut lounge 420
            '420' is no channel of 'lounge'; did you mean '42'?
            (2)
            $ mirror cut lunge 43
            there is no mirror 'lunge'; did you mean 'lounge'?
            (2)
            $ mirror cut other 43
            there is no mirror 'other'; `mirror mirrors` lists them
            (2)
            $ mirror link lounge 43
            linked channel 43 to 'lounge': publishes and receives, from 2025-11-24T16:00:19.000Z on
            $ mirror mirrors
            lounge  10000000-0000-0000-0000-000000000001  build 0
              42  guild 40  publishes and receives  from 2025-11-24T16:00:02.000Z on
              43  guild 40  publishes and receives  from 2025-11-24T16:00:19.000Z on
        "#]]).await;
    });
}

#[test]
fn bans_are_made_and_ended() {
    run(async {
        let scene = Scene::new(false);
        let lines = [
            "ban 77 --mirror lounge",
            "link lounge 42 --guild 40",
            "ban <@77> --mirror lounge --dry-run",
            "ban <@77> --mirror lounge",
            "ban 77 --mirror lounge",
            "ban 77 --mirror lounge --purge",
            "mirrors",
            "unban 77 --mirror lounge",
            "unban 77 --mirror lounge",
            "ban ann --mirror lounge",
            "ban 77",
            "log --kind granted --kind revoked",
        ];
        check(
            &scene,
            &lines,
            expect![[r#"
            $ mirror ban 77 --mirror lounge
            there is no mirror 'lounge', nor any other; `mirror link NAME CHANNEL` makes one
            (2)
            $ mirror link lounge 42 --guild 40
            mirror 'lounge' is new
            linked channel 42 to 'lounge': publishes and receives, from 2025-11-24T16:00:02.000Z on
            $ mirror ban <@77> --mirror lounge --dry-run
            dry run, nothing was done: banned user 77 from 'lounge'; copies of earlier messages stay
            $ mirror ban <@77> --mirror lounge
            banned user 77 from 'lounge'; copies of earlier messages stay
            $ mirror ban 77 --mirror lounge
            user 77 is banned from 'lounge' already
            $ mirror ban 77 --mirror lounge --purge
            banned user 77 from 'lounge'; copies of earlier messages are removed
            $ mirror mirrors
            lounge  10000000-0000-0000-0000-000000000001  build 0
              42  guild 40  publishes and receives  from 2025-11-24T16:00:02.000Z on
              banned: 77
            $ mirror unban 77 --mirror lounge
            user 77 is no longer banned from 'lounge'; messages written meanwhile are not sent
            $ mirror unban 77 --mirror lounge
            user 77 is not banned from 'lounge'
            $ mirror ban ann --mirror lounge
            'ann' is no user: give an id (77) or <@77>
            (2)
            $ mirror ban 77
            error: the following required arguments were not provided:
              --mirror <MIRROR>
            (2)
            $ mirror log --kind granted --kind revoked
                   2  2025-11-24T16:00:07.000Z  main  lounge  granted   user 77 banned
                   3  2025-11-24T16:00:10.000Z  main  lounge  granted   user 77 banned with purge
                   4  2025-11-24T16:00:12.000Z  main  lounge  revoked   user 77 banned
        "#]],
        )
        .await;
    });
}

/// What an operator should know of a mirror besides its links.
#[test]
fn gaps_and_requests_to_be_forgotten_are_told() {
    run(async {
        let scene = Scene::new(false);
        scene.said("link lounge 42 --guild 40").await;
        let gap = |from, cause: &str| {
            Body::Gap(Gap { from: MessageId(from), to: MessageId(from + 10), cause: cause.to_owned() })
        };
        let asks = |user| {
            Body::RoleGranted(Grant { user: UserId(user), role: Grant::FORGET.to_owned(), purge: false })
        };
        let later = fact(9, 3, gap(500, "the session was lost"));
        scene.tell(vec![later, fact(9, 2, gap(100, "history could not be read"))]).await;
        let here = |event: Event| Event { place: Place::default(), ..event };
        scene.tell(vec![here(fact(0, 4, asks(77))), here(fact(0, 5, asks(78)))]).await;
        scene.said("ban 78 --mirror lounge --purge").await;
        check(&scene, &["mirrors", "log --kind gap --kind granted"], expect![[r#"
            $ mirror mirrors
            lounge  10000000-0000-0000-0000-000000000001  build 0
              42  guild 40  publishes and receives  from 2025-11-24T16:00:02.000Z on
              banned: 78
              ask to be forgotten: 77
              2 gaps: `mirror log --kind gap`
            $ mirror log --kind gap --kind granted
                   2  2025-11-24T17:00:03.000Z  main  lounge  gap       42/1442560396530548736 500 to 510: the session was lost
                   3  2025-11-24T17:00:02.000Z  main  lounge  gap       42/1442560396530548736 100 to 110: history could not be read
                   4  2025-11-24T17:00:04.000Z  main  lounge  granted   user 77 asks to be forgotten
                   5  2025-11-24T17:00:05.000Z  main  lounge  granted   user 78 asks to be forgotten
                   6  2025-11-24T16:00:05.000Z  main  lounge  granted   user 78 banned with purge
        "#]]).await;
        let Ok(Answer::Mirrors(told)) = execute(&scene.desk, Command::Mirrors, &Printed::default()).await
        else {
            panic!("no mirrors")
        };
        let [gap, _] = &told.mirrors[0].gaps[..] else { panic!("{told:?}") };
        assert_eq!((gap.from, gap.to, gap.channel), (MessageId(100), MessageId(110), ChannelId(42)));
    });
}

/// A running node knows what a channel is; where none runs, whoever asks says so.
#[test]
fn a_forum_is_linked_among_forums() {
    run(async {
        let scene = Scene::new(true);
        let asked = [
            "link ideas 46",
            "link ideas 45",
            "link ideas 45 --forum",
            "link ideas 47 --guild 40 --forum --dry-run",
            "cut ideas 46",
            "link ideas 45",
            "link ideas 46",
        ];
        check(&scene, &asked, expect![[r#"
            $ mirror link ideas 46
            mirror 'ideas' is new
            linked channel 46 to 'ideas': publishes and receives, from 2025-11-24T16:00:02.000Z on
            $ mirror link ideas 45
            channel 45 is no forum, and 46 in 'ideas' is one: forums are mirrored with forums alone
            (2)
            $ mirror link ideas 45 --forum
            channel 45 is not a forum: leave out --forum
            (2)
            $ mirror link ideas 47 --guild 40 --forum --dry-run
            dry run, nothing was done: linked channel 47 to 'ideas': publishes and receives, from 2025-11-24T16:00:04.000Z on
            $ mirror cut ideas 46
            cut channel 46 from 'ideas'; its copies stay as they are
            $ mirror link ideas 45
            linked channel 45 to 'ideas': publishes and receives, from 2025-11-24T16:00:08.000Z on
            $ mirror link ideas 46
            channel 46 is a forum, and 45 in 'ideas' is none: forums are mirrored with forums alone
            (2)
        "#]]).await;
        let scene = Scene::new(false);
        let asked =
            ["link ideas 46 --guild 40 --forum", "link ideas 46 --publish-only", "link ideas 47 --guild 40"];
        check(&scene, &asked, expect![[r#"
            $ mirror link ideas 46 --guild 40 --forum
            mirror 'ideas' is new
            linked channel 46 to 'ideas': publishes and receives, from 2025-11-24T16:00:02.000Z on
            $ mirror link ideas 46 --publish-only
            channel 46 takes part in 'ideas' differently now: publishes
            $ mirror link ideas 47 --guild 40
            channel 47 is no forum, and 46 in 'ideas' is one: forums are mirrored with forums alone (if it is one, say --forum)
            (2)
        "#]]).await;
    });
}
