//! The log and lineages.

use super::*;
use expect_test::expect;

#[test]
fn the_log_is_listed_and_filtered() {
    run(async {
        let scene = Scene::new(false);
        conversation(&scene).await;
        let lines = [
            "log",
            "log --kind edited",
            "log --channel 44",
            "log --message 1430",
            "log --from 8 --until 10",
            "log --from 2025-11-24T17:00:02Z --limit 1",
            "log --mirror lounge --limit 1 --follow",
            "log --tail 2",
            "log --tail 3 --kind receipt",
            "log --tail 99 --limit 1",
            "log --tail 2 --from 8",
            "log --mirror loung3 --limit 1",
            "log --mirror games",
            "log --from yesterday",
            "log --kind edits",
            "log --from 99999",
        ];
        check(&scene, &lines, expect![[r#"
            $ mirror log
                   0  2025-11-24T16:00:01.000Z  main  lounge  declared  lounge
                   1  2025-11-24T16:00:03.000Z  main  lounge  linked    42 publishes receives
                   2  2025-11-24T16:00:05.000Z  main  lounge  linked    43 receives
                   3  2025-11-24T16:00:07.000Z  main  lounge  linked    44 publishes receives
                   4  2025-11-24T17:00:00.000Z  main  lounge  created   42/1442560396496994304 Ann: good morning to all
                   5  2025-11-24T17:00:01.000Z  main  lounge  receipt   43/1442560396496994304 copy 1430 part 0 shows 2025-11-24T17:00:00.001Z
                   6  2025-11-24T17:00:02.000Z  main  lounge  receipt   44/1442560396496994304 copy 1440 part 0 shows 2025-11-24T17:00:00.001Z
                   7  2025-11-24T17:00:03.000Z  main  lounge  edited    42/1442560396496994304 good evening to all of you
                   8  2025-11-24T17:00:04.000Z  main  lounge  receipt   44/1442560396496994304 copy 1440 part 0 gone by another
                   9  2025-11-24T17:00:00.000Z  main  lounge  created   42/1442560396501188608 Ann: anybody here?
            $ mirror log --kind edited
                   7  2025-11-24T17:00:03.000Z  main  lounge  edited    42/1442560396496994304 good evening to all of you
            $ mirror log --channel 44
                   3  2025-11-24T16:00:07.000Z  main  lounge  linked    44 publishes receives
                   6  2025-11-24T17:00:02.000Z  main  lounge  receipt   44/1442560396496994304 copy 1440 part 0 shows 2025-11-24T17:00:00.001Z
                   8  2025-11-24T17:00:04.000Z  main  lounge  receipt   44/1442560396496994304 copy 1440 part 0 gone by another
            $ mirror log --message 1430
                   5  2025-11-24T17:00:01.000Z  main  lounge  receipt   43/1442560396496994304 copy 1430 part 0 shows 2025-11-24T17:00:00.001Z
            $ mirror log --from 8 --until 10
                   8  2025-11-24T17:00:04.000Z  main  lounge  receipt   44/1442560396496994304 copy 1440 part 0 gone by another
                   9  2025-11-24T17:00:00.000Z  main  lounge  created   42/1442560396501188608 Ann: anybody here?
            $ mirror log --from 2025-11-24T17:00:02Z --limit 1
                   6  2025-11-24T17:00:02.000Z  main  lounge  receipt   44/1442560396496994304 copy 1440 part 0 shows 2025-11-24T17:00:00.001Z
            $ mirror log --mirror lounge --limit 1 --follow
                   0  2025-11-24T16:00:01.000Z  main  lounge  declared  lounge
            $ mirror log --tail 2
                   8  2025-11-24T17:00:04.000Z  main  lounge  receipt   44/1442560396496994304 copy 1440 part 0 gone by another
                   9  2025-11-24T17:00:00.000Z  main  lounge  created   42/1442560396501188608 Ann: anybody here?
            $ mirror log --tail 3 --kind receipt
                   8  2025-11-24T17:00:04.000Z  main  lounge  receipt   44/1442560396496994304 copy 1440 part 0 gone by another
            $ mirror log --tail 99 --limit 1
                   0  2025-11-24T16:00:01.000Z  main  lounge  declared  lounge
            $ mirror log --tail 2 --from 8
            error: the argument '--tail <N>' cannot be used with '--from <FROM>'
            (2)
            $ mirror log --mirror loung3 --limit 1
            there is no mirror 'loung3'; did you mean 'lounge'?
            (2)
            $ mirror log --mirror games
            there is no mirror 'games'; `mirror mirrors` lists them
            (2)
            $ mirror log --from yesterday
            'yesterday' is neither an offset (1200) nor a time (2026-11-24T10:00Z, 2026-11-24 10:00 in UTC, 2026-11-24) nor how long ago (30m, 2h, 3d)
            (2)
            $ mirror log --kind edits
            error: invalid value 'edits' for '--kind <KIND>'
              [possible values: created, edited, refreshed, deleted, thread, receipt, declared, linked, cut, restored, granted, revoked, gap, consent, other]

              tip: a similar value exists: 'edited'

            For more information, try '--help'.
            (2)
            $ mirror log --from 99999
        "#]]).await;
    });
}

#[test]
fn a_message_is_traced_from_itself_or_a_copy() {
    run(async {
        let scene = Scene::new(false);
        conversation(&scene).await;
        let source = format!("lineage https://discord.com/channels/40/42/{}", message(1));
        let lonely = format!("lineage {}", message(2));
        check(
            &scene,
            &[&source, "lineage 1440", &lonely, "lineage 5", "lineage https://discord.com/channels/40/42"],
            expect![[r#"
                $ mirror lineage https://discord.com/channels/40/42/1442560396496994304
                message 1442560396496994304 by Ann in channel 42, mirror 'lounge'
                  https://discord.com/channels/40/42/1442560396496994304
                  created   2025-11-24T17:00:00.001Z  (offset 4, seen 2025-11-24T17:00:00.000Z by main)
                            | good morning to all
                  edited    2025-11-24T17:00:03.000Z  (offset 7, seen 2025-11-24T17:00:03.000Z by main)
                            | good [-morning-]{+evening+} to all {+of you+}
                copy 1430 in channel 43, part 0: live
                  https://discord.com/channels/40/43/1430
                  shows 2025-11-24T17:00:00.001Z  (offset 5, seen 2025-11-24T17:00:01.000Z by main)
                copy 1440 in channel 44, part 0: gone, removed by another
                  https://discord.com/channels/40/44/1440
                  shows 2025-11-24T17:00:00.001Z  (offset 6, seen 2025-11-24T17:00:02.000Z by main)
                  gone by another  (offset 8, seen 2025-11-24T17:00:04.000Z by main)
                $ mirror lineage 1440
                1440 is a copy of 1442560396496994304
                message 1442560396496994304 by Ann in channel 42, mirror 'lounge'
                  https://discord.com/channels/40/42/1442560396496994304
                  created   2025-11-24T17:00:00.001Z  (offset 4, seen 2025-11-24T17:00:00.000Z by main)
                            | good morning to all
                  edited    2025-11-24T17:00:03.000Z  (offset 7, seen 2025-11-24T17:00:03.000Z by main)
                            | good [-morning-]{+evening+} to all {+of you+}
                copy 1430 in channel 43, part 0: live
                  https://discord.com/channels/40/43/1430
                  shows 2025-11-24T17:00:00.001Z  (offset 5, seen 2025-11-24T17:00:01.000Z by main)
                copy 1440 in channel 44, part 0: gone, removed by another
                  https://discord.com/channels/40/44/1440
                  shows 2025-11-24T17:00:00.001Z  (offset 6, seen 2025-11-24T17:00:02.000Z by main)
                  gone by another  (offset 8, seen 2025-11-24T17:00:04.000Z by main)
                $ mirror lineage 1442560396501188608
                message 1442560396501188608 by Ann in channel 42, mirror 'lounge'
                  https://discord.com/channels/40/42/1442560396501188608
                  created   2025-11-24T17:00:00.002Z  (offset 9, seen 2025-11-24T17:00:00.000Z by main)
                            | anybody here?
                no copies
                $ mirror lineage 5
                no mirror knows a message or copy 5; `mirror log --message 5` shows whether any event names it
                (2)
                $ mirror lineage https://discord.com/channels/40/42
                'https://discord.com/channels/40/42' is no message: give its id (43) or its address (https://discord.com/channels/41/42/43)
                (2)
            "#]],
        )
        .await;
    });
}
