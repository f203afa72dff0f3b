//! Rebuilds, verification and plans.

use super::*;
use expect_test::expect;

#[test]
fn a_replay_rebuilds_looks_back_and_goes_back() {
    run(async {
        let scene = Scene::new(false);
        conversation(&scene).await;
        let lines = [
            "replay --mirror lounge --dry-run",
            "replay rollback --mirror lounge",
            "replay --mirror lounge",
            "replay --mirror lounge --from 5",
            "replay --mirror lounge --from 5 --base live",
            "replay --mirror lounge --until 2025-11-24T17:00:02Z",
            "replay --mirror lounge --until 2 --from 3",
            "replay rollback --mirror lounge",
            "replay --mirror lounge --from 0 --apply",
            "replay --mirror lounge --base lively",
            "verify",
        ];
        check(&scene, &lines, expect![[r#"
            $ mirror replay --mirror lounge --dry-run
            dry run, nothing was done: would read 10 events of 'lounge', offsets 0 to 10
            $ mirror replay rollback --mirror lounge
            there is no earlier build to go back to: this mirror was never rebuilt
            (2)
            $ mirror replay --mirror lounge
            rebuilt 10 events of 'lounge', offsets 0 to 10: 20 cells
            digest 3d59977d6a607d0da410670663c36e54, the same as build 0's
            build 1 is read now; build 0 is kept for `mirror replay rollback`
            $ mirror replay --mirror lounge --from 5
            offset 5 lies behind the declaration of 'lounge' at offset 0, so that an empty base would lose what lies between; start at 0 or below (or leave --from out), or repair the views in use with `--base live`
            (2)
            $ mirror replay --mirror lounge --from 5 --base live
            joined 5 events of 'lounge', offsets 5 to 10 into build 1: 13 cells. A repair proves nothing
            $ mirror replay --mirror lounge --until 2025-11-24T17:00:02Z
            read 6 events of 'lounge', offsets 0 to 6; nothing was kept. 'lounge' was then:
              3 open links, 1 message, 0 deleted
              1 live copy, 0 gone, 0 refused; digest 3f8a8c3f2e81b6136b17a6096532eb01
              2025-11-24T17:00:00.001Z  1442560396496994304  Ann: good morning to all
            $ mirror replay --mirror lounge --until 2 --from 3
            the end, offset 2, lies before the start, offset 3
            (2)
            $ mirror replay rollback --mirror lounge
            'lounge' reads build 0 again; build 1 is kept
            $ mirror replay --mirror lounge --from 0 --apply
            error: the argument '--from <FROM>' cannot be used with '--apply'
            (2)
            $ mirror replay --mirror lounge --base lively
            error: invalid value 'lively' for '--base <BASE>'
              [possible values: empty, live]

              tip: a similar value exists: 'live'

            For more information, try '--help'.
            (2)
            $ mirror verify
            'lounge': 10 events, 3 receipts, 1 live copy; digest 3d59977d6a607d0da410670663c36e54
            node main in partition 0: 10 events, numbers 1 to 10, no holes
            all is as it should be
        "#]]).await;
    });
}

#[test]
fn a_row_that_no_event_made_is_found_and_can_be_replaced() {
    run(async {
        let scene = Scene::new(false);
        conversation(&scene).await;
        let mut changes = Vec::new();
        projections::project(&shown(2, 9, (44, 1441)), projections::Generation(0), &mut changes);
        scene.desk.ports.views.commit(changes, None).await.unwrap();
        let lines = [
            "verify",
            "replay --mirror lounge",
            "mirrors",
            "replay --mirror lounge --accept",
            "verify --mirror lounge",
            "verify --mirror lunge",
        ];
        check(&scene, &lines, expect![[r#"
            $ mirror verify
            'lounge': 10 events, 3 receipts, 2 live copies; DIGEST 94a82e9c6f2d909d2b6aecbb4df2c012, rebuilt 3d59977d6a607d0da410670663c36e54
              differs (in use / rebuilt): source of copy 1441 (bucket 0): source version 0, 12 bytes, hash 771cfde7 / absent
              differs (in use / rebuilt): copy 1441 of message 1442560396501188608 part 0 in channel 44 (bucket 95537): shown version 1764003609000000, 13 bytes, hash 87a1d2c7 / absent
              copy 1441 is live and has no receipt
            node main in partition 0: 10 events, numbers 1 to 10, no holes
            NOT all is as it should be
            (1)
            $ mirror replay --mirror lounge
            the rebuilt views (3d59977d6a607d0da410670663c36e54) differ from those in use (94a82e9c6f2d909d2b6aecbb4df2c012); nothing was swapped. First row that differs (in use / rebuilt): source of copy 1441 (bucket 0): source version 0, 12 bytes, hash 771cfde7 / absent. The log is right: --accept swaps all the same, `mirror replay rollback` goes back
            (1)
            $ mirror mirrors
            lounge  10000000-0000-0000-0000-000000000001  build 0
              42  guild 40  publishes and receives  from 2025-11-24T16:00:02.000Z on
              43  guild 40  receives                from 2025-11-24T16:00:04.000Z on
              44  guild 40  publishes and receives  from 2025-11-24T16:00:06.000Z on
            $ mirror replay --mirror lounge --accept
            rebuilt 10 events of 'lounge', offsets 0 to 10: 20 cells
            digest 3d59977d6a607d0da410670663c36e54, not build 0's, as you accepted. First row that differs (in use / rebuilt): source of copy 1441 (bucket 0): source version 0, 12 bytes, hash 771cfde7 / absent
            build 2 is read now; build 0 is kept for `mirror replay rollback`
            $ mirror verify --mirror lounge
            'lounge': 10 events, 3 receipts, 1 live copy; digest 3d59977d6a607d0da410670663c36e54
            node main in partition 0: 10 events, numbers 1 to 10, no holes
            all is as it should be
            $ mirror verify --mirror lunge
            there is no mirror 'lunge'; did you mean 'lounge'?
            (2)
        "#]]).await;
    });
}

#[test]
fn an_apply_is_planned_and_then_begun() {
    run(async {
        let scene = Scene::new(true);
        conversation(&scene).await;
        let lines = [
            "replay --mirror lounge --apply",
            "replay --mirror lounge --apply --restore --dry-run",
            "replay --mirror lounge --apply --channel 44",
            "replay --mirror lounge --apply --channel 46",
            "replay --mirror lounge --apply --restore --channel 44 --yes",
            "log --kind restored",
        ];
        check(
            &scene,
            &lines,
            expect![[r#"
                $ mirror replay --mirror lounge --apply
                'lounge' owes:
                  42  +0 post  ~0 edit  -0 delete
                  43  +1 post  ~1 edit  -0 delete
                  44  +1 post  ~0 edit  -0 delete
                3 requests, about 0 s under Discord's limits
                nothing was sent yet
                $ mirror replay --mirror lounge --apply --restore --dry-run
                'lounge' owes, what others removed too:
                  42  +0 post  ~0 edit  -0 delete
                  43  +1 post  ~1 edit  -0 delete
                  44  +2 post  ~0 edit  -0 delete
                4 requests, about 0 s under Discord's limits
                nothing was sent yet
                $ mirror replay --mirror lounge --apply --channel 44
                'lounge' owes:
                  44  +1 post  ~0 edit  -0 delete
                1 request, about 0 s under Discord's limits
                nothing was sent yet
                $ mirror replay --mirror lounge --apply --channel 46
                '46' is no channel of 'lounge'; `mirror mirrors` lists its channels
                (2)
                $ mirror replay --mirror lounge --apply --restore --channel 44 --yes
                'lounge' owes, what others removed too:
                  44  +2 post  ~0 edit  -0 delete
                2 requests, about 0 s under Discord's limits
                the lanes work at it: `mirror status`
                $ mirror log --kind restored
                      10  2025-11-24T18:00:03.000Z  main  lounge  restored  44
            "#]],
        )
        .await;
        assert_eq!(*scene.node.told.lock().unwrap(), ["walk 44 from 0"]);
    });
}

/// Right after a start the views lag behind the log: a plan made of them would owe nothing, and say so.
#[test]
fn what_the_views_do_not_hold_yet_is_waited_for() {
    run(async {
        let scene = Scene::new(true);
        conversation(&scene).await;
        let gone = receipt(1, 5, (43, 1430), Outcome::Gone(GoneBy::Another));
        scene
            .desk
            .ports
            .log
            .append(events::Partition(0), vec![gone, created(3, "late")], events::log::Durable::Here)
            .await
            .unwrap();
        check(
            &scene,
            &["replay --mirror lounge --apply --restore --dry-run"],
            expect![[r#"
            $ mirror replay --mirror lounge --apply --restore --dry-run
            'lounge' owes, what others removed too:
              42  +0 post  ~0 edit  -0 delete
              43  +3 post  ~0 edit  -0 delete
              44  +3 post  ~0 edit  -0 delete
            6 requests, about 0 s under Discord's limits
            nothing was sent yet
        "#]],
        )
        .await;
    });
}
