//! Threads and posts of forums: by people, by the bot, by webhooks.

use expect_test::expect;
use standin::{Config, Standin};

use crate::{
    check,
    http::{Got, Http},
};

const ATTACH: &str = "ws a
    a reads 1
    a identify
    a reads 2
    ";

/// The transcript without how the client came.
fn seen(script: &str, expected: expect_test::Expect) {
    let config = standin::Config { unlimited: true, ..Default::default() };
    let transcript = crate::script::run(config, &format!("{ATTACH}{script}"));
    let story = transcript.split_once("GUILD_CREATE\n").unwrap().1;
    expected.assert_eq(story);
}

#[test]
fn a_thread_starts_from_a_message_and_has_its_id() {
    seen(
        "say general alice question
         start general m1 bob side
         say side alice answer
         a reads 1
         a reads 1 id name parent_id owner_id type newly_created message_count
         a reads 1 id flags thread.name edited_timestamp
         a reads 1 type channel_id content message_reference.channel_id message_reference.message_id referenced_message.content author.username
         a reads 1 channel_id channel_type content
         GET /channels/{side} | message_count total_message_sent last_message_id
         GET /channels/{general}/messages/{m1} | flags thread.id
         delete general m1
         GET /channels/{side}/messages | content type referenced_message
         threads general",
        expect![[r#"
            > say general alice question
            > start general m1 bob side
            > say side alice answer
            > a reads 1
              3 MESSAGE_CREATE
            > a reads 1 id name parent_id owner_id type newly_created message_count
              4 THREAD_CREATE {m1} side {general} {bob} 11 true 0
            > a reads 1 id flags thread.name edited_timestamp
              5 MESSAGE_UPDATE {m1} 32 side null
            > a reads 1 type channel_id content message_reference.channel_id message_reference.message_id referenced_message.content author.username
              6 MESSAGE_CREATE 21 {m1}  {general} {m1} question bob
            > a reads 1 channel_id channel_type content
              7 MESSAGE_CREATE {m1} 11 answer
            > GET /channels/{side} | message_count total_message_sent last_message_id
              200 1 1 {m3}
            > GET /channels/{general}/messages/{m1} | flags thread.id
              200 32 {m1}
            > delete general m1
            > GET /channels/{side}/messages | content type referenced_message
              200 [answer 0 -;  21 null]
            > threads general
              {m1} side by {bob}: 1 [] []
        "#]],
    );
}

#[test]
fn a_thread_of_its_own_is_announced_where_it_was_made() {
    seen(
        "aside general alice side
         a reads 1 id name parent_id owner_id newly_created
         a reads 1 type channel_id content message_reference.channel_id message_reference.message_id referenced_message author.username
         shows side
         drop side
         a reads 1 id parent_id guild_id type
         shows general",
        expect![[r#"
            > aside general alice side
            > a reads 1 id name parent_id owner_id newly_created
              3 THREAD_CREATE {side} side {general} {alice} true
            > a reads 1 type channel_id content message_reference.channel_id message_reference.message_id referenced_message author.username
              4 MESSAGE_CREATE 18 {general} side {side} - - alice
            > shows side
            > drop side
            > a reads 1 id parent_id guild_id type
              5 THREAD_DELETE {side} {general} {home} 11
            > shows general
              {m1} alice: side
        "#]],
    );
}

#[test]
fn the_bot_makes_threads() {
    check(
        r#"say general alice question
         POST /channels/{general}/messages/{m1}/threads {"name":"side","auto_archive_duration":60} | id type name owner_id thread_metadata.auto_archive_duration
         POST /channels/{general}/messages/{m1}/threads {"name":"side"} | code message
         POST /channels/{general}/messages/7/threads {"name":"side"} | code
         POST /channels/{general}/threads {} | code errors
         POST /channels/{side}/messages/{m2}/threads {"name":"deeper"} | code message
         POST /channels/{general}/threads {"name":"open","type":11} | id type
         POST /channels/{general}/threads {"name":"closed"} | id type
         POST /channels/{general}/threads {"name":"z","auto_archive_duration":7} | errors
         POST /channels/{general}/threads {"name":" "} | errors
         GET /guilds/{home}/threads/active | has_more threads.0.name threads.1.name threads.2.name members.0.user_id
         GET /guilds/{home}/channels | name
         shows general
         threads general"#,
        expect![[r#"
            > say general alice question
            > POST /channels/{general}/messages/{m1}/threads {"name":"side","auto_archive_duration":60} | id type name owner_id thread_metadata.auto_archive_duration
              201 {m1} 11 side {bot} 60
            > POST /channels/{general}/messages/{m1}/threads {"name":"side"} | code message
              400 160004 A thread has already been created for this message
            > POST /channels/{general}/messages/7/threads {"name":"side"} | code
              404 10008
            > POST /channels/{general}/threads {} | code errors
              400 50035 {"name":{"_errors":[{"code":"BASE_TYPE_REQUIRED","message":"This field is required"}]}}
            > POST /channels/{side}/messages/{m2}/threads {"name":"deeper"} | code message
              400 50024 Cannot execute action on this channel type
            > POST /channels/{general}/threads {"name":"open","type":11} | id type
              201 {open} 11
            > POST /channels/{general}/threads {"name":"closed"} | id type
              201 {closed} 12
            > POST /channels/{general}/threads {"name":"z","auto_archive_duration":7} | errors
              400 {"auto_archive_duration":{"_errors":[{"code":"BASE_TYPE_CHOICES","message":"Value must be one of {60, 1440, 4320, 10080}."}]}}
            > POST /channels/{general}/threads {"name":" "} | errors
              400 {"name":{"_errors":[{"code":"BASE_TYPE_BAD_LENGTH","message":"Must be between 1 and 100 in length."}]}}
            > GET /guilds/{home}/threads/active | has_more threads.0.name threads.1.name threads.2.name members.0.user_id
              200 false side open closed {bot}
            > GET /guilds/{home}/channels | name
              200 [general; random]
            > shows general
              {m1} alice: question
              {m3} mirror: open
            > threads general
              {m1} side by {bot}: 0 [] []
              {open} open by {bot}: 0 [] []
              {closed} closed by {bot}: 0 [] []
        "#]],
    );
}

#[test]
fn threads_are_archived_locked_and_come_back() {
    check(
        r#"say general alice question
         start general m1 alice side
         aside general bob other
         POST /channels/{side}/messages {"content":"in time"} | id
         PATCH /channels/{side} {"archived":true} | thread_metadata.archived
         PATCH /channels/{side} {"name":"too late"} | code message
         PATCH /channels/{side}/messages/{m4} {"content":"too late"} | code message
         GET /guilds/{home}/threads/active | threads.0.name threads.1.name
         archive other true
         GET /channels/{general}/threads/archived/public | has_more threads.0.name threads.1.name
         GET /channels/{general}/threads/archived/public?limit=1 | has_more threads.0.name threads.1.name
         GET /channels/{general}/threads/archived/public?before=2020-01-01T00%3A00%3A00Z | threads
         GET /channels/{general}/threads/archived/public?before=soon | errors
         GET /channels/{general}/threads/archived/private | threads
         POST /channels/{side}/messages {"content":"woken"} | content
         threads general
         PATCH /channels/{side} {"archived":true,"locked":true} | thread_metadata.locked
         POST /channels/{side}/messages {"content":"shut"} | code message
         DELETE /channels/{side}/messages/{m4}
         PATCH /channels/{side} {"archived":false,"name":"open again"} | name
         PATCH /channels/{general} {"name":"renamed"} | name type
         threads general
         DELETE /channels/{side} | id
         GET /channels/{side} | code"#,
        expect![[r#"
            > say general alice question
            > start general m1 alice side
            > aside general bob other
            > POST /channels/{side}/messages {"content":"in time"} | id
              200 {m4}
            > PATCH /channels/{side} {"archived":true} | thread_metadata.archived
              200 true
            > PATCH /channels/{side} {"name":"too late"} | code message
              400 50083 Thread is archived
            > PATCH /channels/{side}/messages/{m4} {"content":"too late"} | code message
              400 50083 Thread is archived
            > GET /guilds/{home}/threads/active | threads.0.name threads.1.name
              200 other -
            > archive other true
            > GET /channels/{general}/threads/archived/public | has_more threads.0.name threads.1.name
              200 false other side
            > GET /channels/{general}/threads/archived/public?limit=1 | has_more threads.0.name threads.1.name
              200 true other -
            > GET /channels/{general}/threads/archived/public?before=2020-01-01T00%3A00%3A00Z | threads
              200 []
            > GET /channels/{general}/threads/archived/public?before=soon | errors
              400 {"before":{"_errors":[{"code":"DATE_TIME_TYPE_PARSE","message":"Could not parse soon. Should be ISO8601."}]}}
            > GET /channels/{general}/threads/archived/private | threads
              200 []
            > POST /channels/{side}/messages {"content":"woken"} | content
              200 woken
            > threads general
              {m1} side by {alice}: 2 [] []
              {other} other by {bob}: 0 [] ["archived"]
            > PATCH /channels/{side} {"archived":true,"locked":true} | thread_metadata.locked
              200 true
            > POST /channels/{side}/messages {"content":"shut"} | code message
              400 50083 Thread is archived
            > DELETE /channels/{side}/messages/{m4}
              204
            > PATCH /channels/{side} {"archived":false,"name":"open again"} | name
              200 open again
            > PATCH /channels/{general} {"name":"renamed"} | name type
              200 renamed 0
            > threads general
              {m1} open again by {alice}: 2 [] ["locked"]
              {other} other by {bob}: 0 [] ["archived"]
            > DELETE /channels/{side} | id
              200 {m1}
            > GET /channels/{side} | code
              404 10003
        "#]],
    );
}

#[test]
fn every_change_of_a_thread_is_dispatched_once() {
    seen(
        "aside general alice side
         a reads 2
         rename side new-name
         a reads 1 id name
         a reads 1 type content author.username
         archive side true
         a reads 1 thread_metadata.archived
         say side bob woken
         a reads 1 thread_metadata.archived
         a reads 1 content
         archive side true
         lock side true
         a reads 2 thread_metadata.locked
         say side bob unheard
         a is quiet",
        expect![[r#"
            > aside general alice side
            > a reads 2
              3 THREAD_CREATE
              4 MESSAGE_CREATE
            > rename side new-name
            > a reads 1 id name
              5 THREAD_UPDATE {new-name} new-name
            > a reads 1 type content author.username
              6 MESSAGE_CREATE 4 new-name alice
            > archive side true
            > a reads 1 thread_metadata.archived
              7 THREAD_UPDATE true
            > say side bob woken
            > a reads 1 thread_metadata.archived
              8 THREAD_UPDATE false
            > a reads 1 content
              9 MESSAGE_CREATE woken
            > archive side true
            > lock side true
            > a reads 2 thread_metadata.locked
              10 THREAD_UPDATE false
              11 THREAD_UPDATE true
            > say side bob unheard
            > a is quiet
              yes
        "#]],
    );
}

#[test]
fn posts_of_a_forum_have_tags_and_a_first_message_of_the_same_id() {
    seen(
        r#"forum bug,idea
         a reads 1 type available_tags.0.name available_tags.1.name
         post forum alice bug,idea title text
         a reads 1 id name type parent_id owner_id applied_tags message_count
         a reads 1 id channel_id content channel_type type
         POST /channels/{forum}/threads {"name":"made","applied_tags":["{bug}"],"message":{"content":"by the bot"}} | id name message.id message.content applied_tags
         POST /channels/{forum}/threads {"name":"made"} | code message
         POST /channels/{forum}/threads {"name":"made","applied_tags":["7"],"message":{"content":"x"}} | code message
         POST /channels/{forum}/threads {"name":"made","applied_tags":["1","2","3","4","5","6"],"message":{"content":"x"}} | errors
         POST /channels/{forum}/messages {"content":"x"} | code message
         PATCH /channels/{title} {"applied_tags":["{idea}"],"name":"better"} | name applied_tags
         say title bob reply
         threads forum
         shows title"#,
        expect![[r#"
            > forum bug,idea
            > a reads 1 type available_tags.0.name available_tags.1.name
              3 CHANNEL_CREATE 15 bug idea
            > post forum alice bug,idea title text
            > a reads 1 id name type parent_id owner_id applied_tags message_count
              4 THREAD_CREATE {title} title 11 {forum} {alice} ["{bug}","{idea}"] 0
            > a reads 1 id channel_id content channel_type type
              5 MESSAGE_CREATE {title} {title} text 11 0
            > POST /channels/{forum}/threads {"name":"made","applied_tags":["{bug}"],"message":{"content":"by the bot"}} | id name message.id message.content applied_tags
              201 {made} made {made} by the bot ["{bug}"]
            > POST /channels/{forum}/threads {"name":"made"} | code message
              400 50006 Cannot send an empty message
            > POST /channels/{forum}/threads {"name":"made","applied_tags":["7"],"message":{"content":"x"}} | code message
              404 10087 Unknown tag
            > POST /channels/{forum}/threads {"name":"made","applied_tags":["1","2","3","4","5","6"],"message":{"content":"x"}} | errors
              400 {"applied_tags":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH","message":"Must be 5 or fewer in length."}]}}
            > POST /channels/{forum}/messages {"content":"x"} | code message
              400 50008 Cannot send messages in a non-text channel
            > PATCH /channels/{title} {"applied_tags":["{idea}"],"name":"better"} | name applied_tags
              200 better ["{idea}"]
            > say title bob reply
            > threads forum
              {better} better by {alice}: 2 ["idea"] []
              {made} made by {bot}: 0 ["bug"] []
            > shows title
              {better} alice: text
              {m1} mirror: better
              {m2} bob: reply
        "#]],
    );
}

#[test]
fn webhooks_post_in_forums() {
    check(
        r#"forum bug,idea
         PATCH /webhooks/{hook} {"channel_id":"{forum}"} | channel_id
         POST /webhooks/{hook/} {"content":"nowhere"} | code message
         POST /webhooks/{hook/}?thread_id=1 {"content":"twice","thread_name":"x"} | code message
         POST /webhooks/{hook/}?wait=true {"content":"first","thread_name":"made","username":"A","applied_tags":["{idea}"]} | id channel_id author.username
         POST /webhooks/{hook/}?wait=true&thread_id={made} {"content":"second"} | id channel_id
         GET /channels/{made} | owner_id applied_tags message_count
         GET /webhooks/{hook/}/messages/{made} | code message
         GET /webhooks/{hook/}/messages/{made}?thread_id={made} | content
         PATCH /webhooks/{hook/}/messages/{m1} {"content":"edited"} | code message
         PATCH /webhooks/{hook/}/messages/{m1}?thread_id={made} {"content":"edited"} | content
         DELETE /webhooks/{hook/}/messages/{m1} | code message
         archive made true
         PATCH /webhooks/{hook/}/messages/{m1}?thread_id={made} {"content":"again"} | code message
         POST /webhooks/{hook/}?wait=true&thread_id={made} {"content":"third"} | content
         DELETE /webhooks/{hook/}/messages/{m1}?thread_id={made}
         archive made true
         lock made true
         POST /webhooks/{hook/}?wait=true&thread_id={made} {"content":"fourth"} | code message
         POST /webhooks/{hook/}?wait=true&thread_id={general} {"content":"elsewhere"} | code message
         threads forum
         shows made"#,
        expect![[r#"
            > forum bug,idea
            > PATCH /webhooks/{hook} {"channel_id":"{forum}"} | channel_id
              200 {forum}
            > POST /webhooks/{hook/} {"content":"nowhere"} | code message
              400 220001 Webhooks posted to forum channels must have a thread_name or thread_id
            > POST /webhooks/{hook/}?thread_id=1 {"content":"twice","thread_name":"x"} | code message
              400 220002 Webhooks posted to forum channels cannot have both a thread_name and thread_id
            > POST /webhooks/{hook/}?wait=true {"content":"first","thread_name":"made","username":"A","applied_tags":["{idea}"]} | id channel_id author.username
              200 {made} {made} A
            > POST /webhooks/{hook/}?wait=true&thread_id={made} {"content":"second"} | id channel_id
              200 {m1} {made}
            > GET /channels/{made} | owner_id applied_tags message_count
              200 {hook} ["{idea}"] 1
            > GET /webhooks/{hook/}/messages/{made} | code message
              404 10008 Unknown Message
            > GET /webhooks/{hook/}/messages/{made}?thread_id={made} | content
              200 first
            > PATCH /webhooks/{hook/}/messages/{m1} {"content":"edited"} | code message
              404 10008 Unknown Message
            > PATCH /webhooks/{hook/}/messages/{m1}?thread_id={made} {"content":"edited"} | content
              200 edited
            > DELETE /webhooks/{hook/}/messages/{m1} | code message
              404 10008 Unknown Message
            > archive made true
            > PATCH /webhooks/{hook/}/messages/{m1}?thread_id={made} {"content":"again"} | code message
              400 50083 Thread is archived
            > POST /webhooks/{hook/}?wait=true&thread_id={made} {"content":"third"} | content
              200 third
            > DELETE /webhooks/{hook/}/messages/{m1}?thread_id={made}
              204
            > archive made true
            > lock made true
            > POST /webhooks/{hook/}?wait=true&thread_id={made} {"content":"fourth"} | code message
              400 50083 Thread is archived
            > POST /webhooks/{hook/}?wait=true&thread_id={general} {"content":"elsewhere"} | code message
              404 10003 Unknown Channel
            > threads forum
              {made} made by {hook}: 1 ["idea"] ["archived", "locked"]
            > shows made
              {made} A: first
              {m2} hook: third
        "#]],
    );
}

#[test]
fn sight_of_a_channel_brings_its_threads() {
    seen(
        r#"aside general alice side
         a reads 2
         permit general {"view_channel":false}
         say side alice unseen
         GET /channels/{side}/messages | code
         permit general {}
         a reads 1 channel_ids threads.0.name threads.1
         ws b
         b reads 1
         b identify
         b reads 2 threads.0.name channels.0.name channels.1.name channels.2
         archive side true
         ws c
         c reads 1
         c identify
         c reads 2 threads"#,
        expect![[r#"
            > aside general alice side
            > a reads 2
              3 THREAD_CREATE
              4 MESSAGE_CREATE
            > permit general {"view_channel":false}
            > say side alice unseen
            > GET /channels/{side}/messages | code
              403 50001
            > permit general {}
            > a reads 1 channel_ids threads.0.name threads.1
              5 CHANNEL_UPDATE - - -
            > ws b
            > b reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > b identify
            > b reads 2 threads.0.name channels.0.name channels.1.name channels.2
              1 READY - - - -
              2 GUILD_CREATE side general random -
            > archive side true
            > ws c
            > c reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > c identify
            > c reads 2 threads
              1 READY -
              2 GUILD_CREATE []
        "#]],
    );
}

#[test]
fn a_forum_may_ask_for_tags() {
    seen(
        r#"forum bug,idea
         a reads 1 flags available_tags.0.name
         strict forum true
         a reads 1 flags
         GET /channels/{forum} | flags
         POST /channels/{forum}/threads {"name":"bare","message":{"content":"x"}} | code message
         POST /channels/{forum}/threads {"name":"bare","applied_tags":[],"message":{"content":"x"}} | code
         POST /channels/{forum}/threads {"name":"made","applied_tags":["{bug}"],"message":{"content":"x"}} | applied_tags flags
         POST /channels/{forum}/webhooks {"name":"hook"} | type
         a reads 3
         a is quiet
         PATCH /channels/{made} {"applied_tags":[]} | applied_tags
         PATCH /channels/{forum} {"flags":0} | flags
         POST /channels/{forum}/threads {"name":"bare","message":{"content":"x"}} | applied_tags
         PATCH /channels/{forum} {"flags":16,"name":"asking"} | flags name
         a reads 2
         a reads 2 flags name
         a reads 1 flags name
         PATCH /channels/{forum} {}
         PATCH /channels/{general} {"flags":16} | flags
         a reads 1 id flags
         threads forum"#,
        expect![[r#"
            > forum bug,idea
            > a reads 1 flags available_tags.0.name
              3 CHANNEL_CREATE 0 bug
            > strict forum true
            > a reads 1 flags
              4 CHANNEL_UPDATE 16
            > GET /channels/{forum} | flags
              200 16
            > POST /channels/{forum}/threads {"name":"bare","message":{"content":"x"}} | code message
              400 40067 A tag is required to create a forum post in this channel
            > POST /channels/{forum}/threads {"name":"bare","applied_tags":[],"message":{"content":"x"}} | code
              400 40067
            > POST /channels/{forum}/threads {"name":"made","applied_tags":["{bug}"],"message":{"content":"x"}} | applied_tags flags
              201 ["{bug}"] 0
            > POST /channels/{forum}/webhooks {"name":"hook"} | type
              200 1
            > a reads 3
              5 THREAD_CREATE
              6 MESSAGE_CREATE
              7 WEBHOOKS_UPDATE
            > a is quiet
              yes
            > PATCH /channels/{made} {"applied_tags":[]} | applied_tags
              200 []
            > PATCH /channels/{forum} {"flags":0} | flags
              200 0
            > POST /channels/{forum}/threads {"name":"bare","message":{"content":"x"}} | applied_tags
              201 []
            > PATCH /channels/{forum} {"flags":16,"name":"asking"} | flags name
              200 16 asking
            > a reads 2
              8 THREAD_UPDATE
              9 CHANNEL_UPDATE
            > a reads 2 flags name
              10 THREAD_CREATE 0 bare
              11 MESSAGE_CREATE 0 -
            > a reads 1 flags name
              12 CHANNEL_UPDATE 16 asking
            > PATCH /channels/{forum} {}
              200
            > PATCH /channels/{general} {"flags":16} | flags
              200 0
            > a reads 1 id flags
              13 CHANNEL_UPDATE {general} 0
            > threads forum
              {made} made by {bot}: 0 [] []
              {bare} bare by {bot}: 0 [] []
        "#]],
    );
}

#[test]
fn people_and_webhooks_are_asked_for_tags_too() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let discord = Standin::start(Config { unlimited: true, ..Default::default() }).unwrap();
        let (guild, alice) = (discord.create_guild("home"), discord.create_user("alice"));
        let forum = discord.create_forum(guild, "forum", &["bug"]);
        assert!(!discord.require_tag(discord.create_channel(guild, "general"), true), "it is no forum");
        assert!(discord.require_tag(forum, true));
        let (http, hook) =
            (Http::new(&discord.api_url(), "none"), discord.create_webhook(forum, "hook", alice));
        let path = format!("/webhooks/{hook}/{}?wait=true", discord.webhook_token(hook).unwrap());
        let send = async |tags: &str| {
            let body = format!(r#"{{"content":"x","thread_name":"theirs","applied_tags":[{tags}]}}"#);
            let Got::Answer { status, body, .. } = http.send("POST", &path, Some(&body), 1000).await else {
                panic!("no answer")
            };
            (status, body["code"].as_u64())
        };
        assert_eq!(send("").await, (400, Some(40067)));
        assert_eq!(discord.create_post(forum, alice, ("bare", "x"), &[]), 0);
        assert_eq!(discord.create_post(forum, alice, ("bare", "x"), &["no such"]), 0);
        assert!(discord.threads(forum).is_empty());

        let bug = discord.tags(forum)[0].0;
        assert_eq!(send(&format!("\"{bug}\"")).await, (200, None));
        assert_ne!(discord.create_post(forum, alice, ("hers", "x"), &["bug"]), 0);
        assert!(discord.require_tag(forum, false));
        assert_eq!(send("").await, (200, None));
        assert_ne!(discord.create_post(forum, alice, ("bare", "x"), &[]), 0);
        let posts: Vec<_> =
            discord.threads(forum).into_iter().map(|post| (post.name, post.tags.len())).collect();
        let expected = [("theirs", 1), ("hers", 1), ("theirs", 0), ("bare", 0)];
        assert_eq!(posts, expected.map(|(name, tags)| (name.to_owned(), tags)));
    });
}
