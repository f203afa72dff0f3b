//! Status, and what lanes are told.

use super::*;
use expect_test::expect;

#[test]
fn without_a_node_an_apply_is_left_for_the_next() {
    run(async {
        let scene = Scene::new(false);
        conversation(&scene).await;
        check(
            &scene,
            &["replay --mirror lounge --apply --yes", "status"],
            expect![[r#"
            $ mirror replay --mirror lounge --apply --yes
            'lounge' owes:
              42  +0 post  ~0 edit  -0 delete
              43  +1 post  ~1 edit  -0 delete
              44  +1 post  ~0 edit  -0 delete
            3 requests, about 0 s under Discord's limits
            no node runs: the next `mirror run` does it
            $ mirror status
            no node runs (start one: mirror run)
            log: partition 0, offsets 0 to 10; views hold 9, lanes have handled nothing
            lane        state    lag
            lounge  42  idle     ?
            lounge  43  waiting  ?    goes through the log from offset 0 on
            lounge  44  waiting  ?    goes through the log from offset 0 on
        "#]],
        )
        .await;
        let lane = LaneId { mirror: id(1), link: ChannelId(43) };
        let row = scene.lanes.load(lane).await.unwrap().unwrap();
        assert_eq!((row.rev, row.behind), (1, Some(Offset(0))));
    });
}

#[test]
fn a_status_shows_the_node_and_held_lanes_are_released() {
    run(async {
        let scene = Scene::new(true);
        for channel in ["42 --guild 40", "45"] {
            scene.said(&format!("link lounge {channel}")).await;
        }
        let lane = LaneId { mirror: id(1), link: ChannelId(45) };
        let row = LaneRow { rev: 1, hold: Some("2 messages are not explained".into()), ..LaneRow::default() };
        assert_eq!(scene.lanes.save(lane, row).await, Saved::Yes);
        let lines = [
            "status",
            "release lounge games --dry-run",
            "release lounge games --adopt",
            "release lounge #games",
            "release lounge 42",
            "release lounge gaems",
            "statsu",
        ];
        check(&scene, &lines, expect![[r#"
            $ mirror status
            node main: process 7, version 0.1.0, since 2025-11-24T16:00:00.000Z; gateway: connected
            log: partition 0, offsets 0 to 3; views hold 2, lanes have handled nothing
            lane               state    lag
            lounge  42         working  3
            lounge  45 #games  HELD     0    2 messages are not explained
            $ mirror release lounge games --dry-run
            dry run, nothing was done: would release the lane of channel 45 in 'lounge', held because 2 messages are not explained
            $ mirror release lounge games --adopt
            released 45 (adopt: true)
            $ mirror release lounge #games
            released 45 (adopt: false)
            $ mirror release lounge 42
            the lane of channel 42 in 'lounge' is not held
            $ mirror release lounge gaems
            'gaems' is no channel of 'lounge'; did you mean 'games'?
            (2)
            $ mirror statsu
            error: unrecognized subcommand 'statsu'

              tip: a similar subcommand exists: 'status'
            (2)
        "#]]).await;
        let idle = Scene { desk: Desk { live: None, ..scene.desk.clone() }, ..scene };
        check(&idle, &["release lounge games"], expect![[r#"
            $ mirror release lounge games
            the lane is held because 2 messages are not explained; only a running node can release it, for it looks at the channel first: `mirror run`
            (1)
        "#]]).await;
    });
}
