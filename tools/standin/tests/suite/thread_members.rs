//! Members of threads: who joins, who leaves, and who is told.

use expect_test::expect;

/// What happened once client `a` was there.
fn seen(script: &str, expected: expect_test::Expect) {
    let config = standin::Config { unlimited: true, ..Default::default() };
    let attach = "ws a\na reads 1\na identify\na reads 2";
    let transcript = crate::script::run(config, &format!("{attach}\n{script}"));
    expected.assert_eq(transcript.split_once("GUILD_CREATE\n").unwrap().1);
}

#[test]
fn threads_are_joined_and_left() {
    seen(
        r#"ws b
         b reads 1
         b identify 34339
         b reads 2
         aside general alice side
         a reads 2 member_count
         b reads 2
         joins side bob
         b reads 1 id member_count added_members.0.user_id added_members.0.member.user.username added_members.0.presence removed_member_ids
         a is quiet
         joins side bot
         a reads 1 id user_id guild_id
         a reads 1 id member_count added_members.0.user_id
         b reads 2
         GET /channels/{side} | member_count
         GET /guilds/{home}/threads/active | members.0.user_id
         leaves side bot
         a reads 1 member_count added_members removed_member_ids
         GET /guilds/{home}/threads/active | members
         leaves side bob
         b reads 2 removed_member_ids
         a is quiet"#,
        expect![[r#"
            > ws b
            > b reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > b identify 34339
            > b reads 2
              1 READY
              2 GUILD_CREATE
            > aside general alice side
            > a reads 2 member_count
              3 THREAD_CREATE 1
              4 MESSAGE_CREATE -
            > b reads 2
              3 THREAD_CREATE
              4 MESSAGE_CREATE
            > joins side bob
            > b reads 1 id member_count added_members.0.user_id added_members.0.member.user.username added_members.0.presence removed_member_ids
              5 THREAD_MEMBERS_UPDATE {side} 2 {bob} bob null -
            > a is quiet
              yes
            > joins side bot
            > a reads 1 id user_id guild_id
              5 THREAD_MEMBER_UPDATE {side} {bot} {home}
            > a reads 1 id member_count added_members.0.user_id
              6 THREAD_MEMBERS_UPDATE {side} 3 {bot}
            > b reads 2
              6 THREAD_MEMBER_UPDATE
              7 THREAD_MEMBERS_UPDATE
            > GET /channels/{side} | member_count
              200 3
            > GET /guilds/{home}/threads/active | members.0.user_id
              200 {bot}
            > leaves side bot
            > a reads 1 member_count added_members removed_member_ids
              7 THREAD_MEMBERS_UPDATE 2 - ["{bot}"]
            > GET /guilds/{home}/threads/active | members
              200 []
            > leaves side bob
            > b reads 2 removed_member_ids
              8 THREAD_MEMBERS_UPDATE ["{bot}"]
              9 THREAD_MEMBERS_UPDATE ["{bob}"]
            > a is quiet
              yes
        "#]],
    );
}

#[test]
fn the_bot_adds_and_removes_members() {
    seen(
        r#"aside general alice side
         a reads 2
         PUT /channels/{side}/thread-members/@me
         PUT /channels/{side}/thread-members/@me
         a reads 2 user_id member_count
         a is quiet
         PUT /channels/{side}/thread-members/{bob}
         PUT /channels/{side}/thread-members/1 | code message
         PUT /channels/{side}/thread-members/bob | code errors
         GET /channels/{side}/thread-members | user_id member
         GET /channels/{side}/thread-members?with_member=true&limit=2 | user_id member.user.username
         GET /channels/{side}/thread-members?with_member=true&after={alice} | user_id
         GET /channels/{side}/thread-members?with_member=true&limit=101 | code errors
         GET /channels/{side}/thread-members/{bob}?with_member=true | id user_id member.user.username
         GET /channels/{side}/thread-members/{bot} | user_id member
         GET /channels/{side}/thread-members/@me | code errors
         DELETE /channels/{side}/thread-members/{bob}
         DELETE /channels/{side}/thread-members/{bob} | code message
         DELETE /channels/{side}/thread-members/@me
         a reads 1 removed_member_ids.0
         DELETE /channels/{side}/thread-members/@me
         a is quiet
         GET /channels/{side}/thread-members/{bot} | code message
         PUT /channels/{general}/thread-members/@me | code message"#,
        expect![[r#"
            > aside general alice side
            > a reads 2
              3 THREAD_CREATE
              4 MESSAGE_CREATE
            > PUT /channels/{side}/thread-members/@me
              204
            > PUT /channels/{side}/thread-members/@me
              204
            > a reads 2 user_id member_count
              5 THREAD_MEMBER_UPDATE {bot} -
              6 THREAD_MEMBERS_UPDATE - 2
            > a is quiet
              yes
            > PUT /channels/{side}/thread-members/{bob}
              204
            > PUT /channels/{side}/thread-members/1 | code message
              404 10013 Unknown User
            > PUT /channels/{side}/thread-members/bob | code errors
              400 50035 {"user_id":{"_errors":[{"code":"NUMBER_TYPE_COERCE","message":"Value \"bob\" is not snowflake."}]}}
            > GET /channels/{side}/thread-members | user_id member
              200 [{bot} -; {alice} -; {bob} -]
            > GET /channels/{side}/thread-members?with_member=true&limit=2 | user_id member.user.username
              200 [{bot} mirror; {alice} alice]
            > GET /channels/{side}/thread-members?with_member=true&after={alice} | user_id
              200 [{bob}]
            > GET /channels/{side}/thread-members?with_member=true&limit=101 | code errors
              400 50035 {"limit":{"_errors":[{"code":"NUMBER_TYPE_RANGE","message":"int value should be between 1 and 100."}]}}
            > GET /channels/{side}/thread-members/{bob}?with_member=true | id user_id member.user.username
              200 {side} {bob} bob
            > GET /channels/{side}/thread-members/{bot} | user_id member
              200 {bot} -
            > GET /channels/{side}/thread-members/@me | code errors
              400 50035 {"user_id":{"_errors":[{"code":"NUMBER_TYPE_COERCE","message":"Value \"@me\" is not snowflake."}]}}
            > DELETE /channels/{side}/thread-members/{bob}
              204
            > DELETE /channels/{side}/thread-members/{bob} | code message
              404 10007 Unknown Member
            > DELETE /channels/{side}/thread-members/@me
              204
            > a reads 1 removed_member_ids.0
              7 THREAD_MEMBERS_UPDATE {bot}
            > DELETE /channels/{side}/thread-members/@me
              204
            > a is quiet
              yes
            > GET /channels/{side}/thread-members/{bot} | code message
              404 10007 Unknown Member
            > PUT /channels/{general}/thread-members/@me | code message
              400 50024 Cannot execute action on this channel type
        "#]],
    );
}

#[test]
fn others_are_added_and_removed_by_whom_the_thread_lets() {
    seen(
        r#"aside general alice side
         permit general {"send_messages_in_threads":false}
         PUT /channels/{side}/thread-members/{bob} | code message
         PUT /channels/{side}/thread-members/@me
         permit general {"manage_threads":false}
         PUT /channels/{side}/thread-members/{bob}
         DELETE /channels/{side}/thread-members/{bob} | code message
         DELETE /channels/{side}/thread-members/@me
         POST /channels/{general}/threads {"name":"own"} | type member_count
         PUT /channels/{own}/thread-members/{bob}
         DELETE /channels/{own}/thread-members/{bob}
         permit general {}
         archive side true
         PUT /channels/{side}/thread-members/@me | code message
         DELETE /channels/{side}/thread-members/{alice} | code message
         permit general {"view_channel":false}
         GET /channels/{side}/thread-members/{alice} | code message"#,
        expect![[r#"
            > aside general alice side
            > permit general {"send_messages_in_threads":false}
            > PUT /channels/{side}/thread-members/{bob} | code message
              403 50013 Missing Permissions
            > PUT /channels/{side}/thread-members/@me
              204
            > permit general {"manage_threads":false}
            > PUT /channels/{side}/thread-members/{bob}
              204
            > DELETE /channels/{side}/thread-members/{bob} | code message
              403 50013 Missing Permissions
            > DELETE /channels/{side}/thread-members/@me
              204
            > POST /channels/{general}/threads {"name":"own"} | type member_count
              201 12 1
            > PUT /channels/{own}/thread-members/{bob}
              204
            > DELETE /channels/{own}/thread-members/{bob}
              204
            > permit general {}
            > archive side true
            > PUT /channels/{side}/thread-members/@me | code message
              400 50083 Thread is archived
            > DELETE /channels/{side}/thread-members/{alice} | code message
              400 50083 Thread is archived
            > permit general {"view_channel":false}
            > GET /channels/{side}/thread-members/{alice} | code message
              403 50001 Missing Access
        "#]],
    );
}

#[test]
fn a_private_thread_is_shown_again_to_the_bot_that_is_added() {
    seen(
        r#"POST /channels/{general}/threads {"name":"own"} | type
         a reads 1 newly_created member
         leaves own bot
         a reads 1 removed_member_ids.0
         joins own bot
         a reads 1 id type newly_created member.user_id
         a reads 2 user_id"#,
        expect![[r#"
            > POST /channels/{general}/threads {"name":"own"} | type
              201 12
            > a reads 1 newly_created member
              3 THREAD_CREATE true -
            > leaves own bot
            > a reads 1 removed_member_ids.0
              4 THREAD_MEMBERS_UPDATE {bot}
            > joins own bot
            > a reads 1 id type newly_created member.user_id
              5 THREAD_CREATE {own} 12 - {bot}
            > a reads 2 user_id
              6 THREAD_MEMBER_UPDATE {bot}
              7 THREAD_MEMBERS_UPDATE -
        "#]],
    );
}

#[test]
fn members_of_threads_are_listed_to_whom_the_portal_lets() {
    let privileged = standin::Privileged { members: false, ..Default::default() };
    let gateway = standin::Rules { privileged, ..Default::default() };
    let config = standin::Config { unlimited: true, gateway, ..Default::default() };
    let transcript = crate::script::run(
        config,
        "aside general alice side
         GET /channels/{side}/thread-members | code message
         GET /channels/{side}/thread-members/{alice} | user_id",
    );
    expect![[r#"
        > aside general alice side
        > GET /channels/{side}/thread-members | code message
          403 50001 Missing Access
        > GET /channels/{side}/thread-members/{alice} | user_id
          200 {alice}
    "#]]
    .assert_eq(&transcript);
}
