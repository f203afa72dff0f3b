//! What is hidden without MESSAGE_CONTENT: from sessions that did not ask for it, and from REST if it was not granted.

use expect_test::expect;
use standin::{Config, Privileged, Rules};

use crate::{check, check_with};

/// 513 is GUILDS and GUILD_MESSAGES, 33281 MESSAGE_CONTENT too.
#[test]
fn sessions_without_the_intent_get_messages_without_content() {
    check(
        r#"ws a
         a reads 1
         a identify 513
         a reads 2
         ws b
         b reads 1
         b identify 33281
         b reads 2
         tell general alice {"text":"secret","embeds":[{"type":"rich","title":"t"}],"attachments":[{"id":"1","filename":"f","size":1,"url":"http://f","proxy_url":"http://f"}],"poll":{"question":{"text":"q"},"answers":[],"expiry":"2030-01-01T00:00:00+00:00","allow_multiselect":false,"layout_type":1,"results":{"answer_counts":[],"is_finalized":false}}}
         a reads 1 content embeds attachments components poll
         b reads 1 content embeds attachments components poll
         edit general m1 other
         a reads 1 content author.username
         b reads 1 content author.username
         unfurl general m1 https://example.org
         a reads 1 embeds
         say general alice hello <@{bot}>
         a reads 1 content
         POST /channels/{general}/messages {"content":"of the bot"} | content
         a reads 1 content
         tell general bob {"text":"re","reply_to":"{m1}"}
         a reads 1 content referenced_message.content
         b reads 4 content referenced_message.content
         GET /channels/{general}/messages/{m1} | content
         a gone
         ws c
         c reads 1
         c resume a 2
         c reads 7 content"#,
        expect![[r#"
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a identify 513
            > a reads 2
              1 READY
              2 GUILD_CREATE
            > ws b
            > b reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > b identify 33281
            > b reads 2
              1 READY
              2 GUILD_CREATE
            > tell general alice {"text":"secret","embeds":[{"type":"rich","title":"t"}],"attachments":[{"id":"1","filename":"f","size":1,"url":"http://f","proxy_url":"http://f"}],"poll":{"question":{"text":"q"},"answers":[],"expiry":"2030-01-01T00:00:00+00:00","allow_multiselect":false,"layout_type":1,"results":{"answer_counts":[],"is_finalized":false}}}
            > a reads 1 content embeds attachments components poll
              3 MESSAGE_CREATE  [] [] [] -
            > b reads 1 content embeds attachments components poll
              3 MESSAGE_CREATE secret [{"title":"t","type":"rich"}] [{"filename":"f","id":"1","proxy_url":"http://f","size":1,"url":"http://f"}] [] {"allow_multiselect":false,"answers":[],"expiry":"2030-01-01T00:00:00+00:00","layout_type":1,"question":{"text":"q"},"results":{"answer_counts":[],"is_finalized":false}}
            > edit general m1 other
            > a reads 1 content author.username
              4 MESSAGE_UPDATE  alice
            > b reads 1 content author.username
              4 MESSAGE_UPDATE other alice
            > unfurl general m1 https://example.org
            > a reads 1 embeds
              5 MESSAGE_UPDATE []
            > say general alice hello <@{bot}>
            > a reads 1 content
              6 MESSAGE_CREATE hello <@{bot}>
            > POST /channels/{general}/messages {"content":"of the bot"} | content
              200 of the bot
            > a reads 1 content
              7 MESSAGE_CREATE of the bot
            > tell general bob {"text":"re","reply_to":"{m1}"}
            > a reads 1 content referenced_message.content
              8 MESSAGE_CREATE
            > b reads 4 content referenced_message.content
              5 MESSAGE_UPDATE other -
              6 MESSAGE_CREATE hello <@{bot}> -
              7 MESSAGE_CREATE of the bot -
              8 MESSAGE_CREATE re other
            > GET /channels/{general}/messages/{m1} | content
              200 other
            > a gone
            > ws c
            > c reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > c resume a 2
            > c reads 7 content
              3 MESSAGE_CREATE
              4 MESSAGE_UPDATE
              5 MESSAGE_UPDATE
              6 MESSAGE_CREATE hello <@{bot}>
              7 MESSAGE_CREATE of the bot
              8 MESSAGE_CREATE
              9 RESUMED -
        "#]],
    );
}

#[test]
fn rest_hides_it_from_an_application_that_was_not_granted_it() {
    let privileged = Privileged { content: false, ..Privileged::default() };
    let gateway = Rules { privileged, ..Rules::default() };
    check_with(
        Config { unlimited: true, gateway, ..Config::default() },
        r#"tell general alice {"text":"secret","embeds":[{"title":"t"}],"poll":{"question":{"text":"q"}}}
         say general alice hello <@{bot}>
         POST /channels/{general}/messages {"content":"of the bot"} | content
         POST /channels/{general}/webhooks {"name":"own"} | name
         GET /channels/{general}/messages/{m1} | content embeds poll
         GET /channels/{general}/messages | content embeds poll"#,
        expect![[r#"
            > tell general alice {"text":"secret","embeds":[{"title":"t"}],"poll":{"question":{"text":"q"}}}
            > say general alice hello <@{bot}>
            > POST /channels/{general}/messages {"content":"of the bot"} | content
              200 of the bot
            > POST /channels/{general}/webhooks {"name":"own"} | name
              200 own
            > GET /channels/{general}/messages/{m1} | content embeds poll
              200  [] -
            > GET /channels/{general}/messages | content embeds poll
              200 [of the bot [] -; hello <@{bot}> [] -;  [] -]
        "#]],
    );
}

/// Each session gets what it asked for: 1024 is reactions, 32 webhooks.
#[test]
fn dispatches_of_intents_that_were_not_asked_for_do_not_come() {
    check(
        r#"ws a
         a reads 1
         a identify 1024
         a reads 1
         ws b
         b reads 1
         b identify 32
         b reads 1
         say general alice one
         react general m1
         edit general m1 two
         POST /channels/{general}/webhooks {"name":"new"} | name
         drop random
         a reads 1 emoji.name
         a is quiet
         b reads 1 channel_id
         b is quiet"#,
        expect![[r#"
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a identify 1024
            > a reads 1
              1 READY
            > ws b
            > b reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > b identify 32
            > b reads 1
              1 READY
            > say general alice one
            > react general m1
            > edit general m1 two
            > POST /channels/{general}/webhooks {"name":"new"} | name
              200 new
            > drop random
            > a reads 1 emoji.name
              2 MESSAGE_REACTION_ADD 👍
            > a is quiet
              yes
            > b reads 1 channel_id
              2 WEBHOOKS_UPDATE {general}
            > b is quiet
              yes
        "#]],
    );
}

/// Of all members only who has GUILD_MEMBERS; by name and by id everybody.
#[test]
fn members_come_in_chunks_to_whom_they_belong() {
    check(
        r#"say general alice hello
         ws a
         a reads 1
         a identify 1
         a reads 2
         ws b
         b reads 1
         b identify 3
         b reads 2
         a send {"op":8,"d":{"guild_id":"{home}","query":"","limit":0,"nonce":"n1"}}
         a reads 1 members nonce chunk_count
         a send {"op":8,"d":{"guild_id":"{home}","query":"ali","limit":5}}
         a reads 1 members.0.user.username members.1 chunk_index
         a send {"op":8,"d":{"guild_id":"{home}","user_ids":["{alice}","{general}"]}}
         a reads 1 members.0.user.username members.1 not_found
         a send {"op":8,"d":{"guild_id":"{general}","query":"","limit":0}}
         a is quiet
         b send {"op":8,"d":{"guild_id":"{home}","query":"","limit":0}}
         b reads 1 members.0.user.username members.1.user.username members.2.user.username members.3"#,
        expect![[r#"
            > say general alice hello
            > ws a
            > a reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > a identify 1
            > a reads 2
              1 READY
              2 GUILD_CREATE
            > ws b
            > b reads 1
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
            > b identify 3
            > b reads 2
              1 READY
              2 GUILD_CREATE
            > a send {"op":8,"d":{"guild_id":"{home}","query":"","limit":0,"nonce":"n1"}}
            > a reads 1 members nonce chunk_count
              3 GUILD_MEMBERS_CHUNK [] n1 1
            > a send {"op":8,"d":{"guild_id":"{home}","query":"ali","limit":5}}
            > a reads 1 members.0.user.username members.1 chunk_index
              4 GUILD_MEMBERS_CHUNK alice - 0
            > a send {"op":8,"d":{"guild_id":"{home}","user_ids":["{alice}","{general}"]}}
            > a reads 1 members.0.user.username members.1 not_found
              5 GUILD_MEMBERS_CHUNK alice - ["{general}"]
            > a send {"op":8,"d":{"guild_id":"{general}","query":"","limit":0}}
            > a is quiet
              yes
            > b send {"op":8,"d":{"guild_id":"{home}","query":"","limit":0}}
            > b reads 1 members.0.user.username members.1.user.username members.2.user.username members.3
              3 GUILD_MEMBERS_CHUNK mirror home_owner alice -
        "#]],
    );
}
