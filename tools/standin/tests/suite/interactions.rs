//! Slash commands and buttons: offered, typed, pressed, answered.

mod payload;
mod registering;

use expect_test::expect;

/// Registers `/mirror link`, `/mirror admin purge` and `/ping`.
const COMMANDS: &str = r#"PUT /applications/{bot}/commands [{"name":"mirror","description":"d","options":[{"type":1,"name":"link","description":"d","options":[{"type":7,"name":"to","description":"d","required":true,"channel_types":[0,5]},{"type":3,"name":"note","description":"d","max_length":12},{"type":3,"name":"way","description":"d","choices":[{"name":"Both ways","value":"both"},{"name":"One way","value":"one"}]},{"type":4,"name":"days","description":"d","min_value":1,"max_value":7},{"type":5,"name":"loud","description":"d"},{"type":6,"name":"whom","description":"d"},{"type":8,"name":"crew","description":"d"},{"type":10,"name":"share","description":"d"}]},{"type":2,"name":"admin","description":"d","options":[{"type":1,"name":"purge","description":"d"}]}]},{"name":"ping","description":"d"}]
"#;

/// The same, then a story.
fn check_commands(script: &str, expected: expect_test::Expect) {
    let printed = crate::script::run(
        standin::Config { unlimited: true, ..Default::default() },
        &format!("{COMMANDS}{script}"),
    );
    let (_, story) = printed.split_once("  200\n").expect("registered");
    expected.assert_eq(story);
}

#[test]
fn a_command_is_answered_once_and_in_time() {
    check_commands(
        r#"ws a
         a identify 513
         a reads 3
         slash #general alice /mirror link to:#random note:as is
         a reads 1 type version context guild_id channel_id application_id data.name data.options
         answered i1
         POST /interactions/{i1/}/callback {"type":4,"data":{"content":""}} | code
         POST /interactions/{i1/}/callback {"type":4,"data":{"content":[]}} | code errors.data.content._errors.0.code
         POST /interactions/{i1/}/callback {"type":7,"data":{"content":"x"}} | code errors.type._errors.0.message
         POST /interactions/{i1/}/callback {"type":9,"data":{}} | message
         POST /interactions/{i1}/wrong/callback {"type":4,"data":{"content":"x"}} | code message
         POST /interactions/7/wrong/callback {"type":4,"data":{"content":"x"}} | code message
         POST /interactions/{i1/}/callback {"type":4,"data":{"content":" linked <@{bob}> @everyone "}}
         a reads 1 type content author.id webhook_id application_id interaction_metadata.name interaction_metadata.user.id mentions mention_everyone
         answered i1
         POST /interactions/{i1/}/callback {"type":4,"data":{"content":"again"}} | code message
         shows general
         slash #general alice /ping
         advance 3001
         POST /interactions/{i2/}/callback {"type":4,"data":{"content":"late"}} | code
         POST /webhooks/{bot}/{i2-token} {"content":"late"} | code
         answered i2
         shows general"#,
        expect![[r#"
            > ws a
            > a identify 513
            > a reads 3
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
              1 READY
              2 GUILD_CREATE
            > slash #general alice /mirror link to:#random note:as is
            > a reads 1 type version context guild_id channel_id application_id data.name data.options
              3 INTERACTION_CREATE 2 1 0 {home} {general} {bot} mirror [{"name":"link","options":[{"name":"to","type":7,"value":"{random}"},{"name":"note","type":3,"value":"as is"}],"type":1}]
            > answered i1
              nothing
            > POST /interactions/{i1/}/callback {"type":4,"data":{"content":""}} | code
              400 50006
            > POST /interactions/{i1/}/callback {"type":4,"data":{"content":[]}} | code errors.data.content._errors.0.code
              400 50035 STRING_TYPE_CONVERT
            > POST /interactions/{i1/}/callback {"type":7,"data":{"content":"x"}} | code errors.type._errors.0.message
              400 50035 Value must be one of {4, 5, 9}.
            > POST /interactions/{i1/}/callback {"type":9,"data":{}} | message
              400 The stand-in does not model modals (type 9).
            > POST /interactions/{i1}/wrong/callback {"type":4,"data":{"content":"x"}} | code message
              404 10062 Unknown interaction
            > POST /interactions/7/wrong/callback {"type":4,"data":{"content":"x"}} | code message
              404 10062 Unknown interaction
            > POST /interactions/{i1/}/callback {"type":4,"data":{"content":" linked <@{bob}> @everyone "}}
              204
            > a reads 1 type content author.id webhook_id application_id interaction_metadata.name interaction_metadata.user.id mentions mention_everyone
              4 MESSAGE_CREATE 20 linked <@{bob}> @everyone {bot} {bot} {bot} mirror {alice} [{"avatar":null,"avatar_decoration_data":null,"clan":null,"discriminator":"0","flags":0,"global_name":null,"id":"{bob}","primary_guild":null,"public_flags":0,"username":"bob"}] false
            > answered i1
              "linked <@{bob}> @everyone" []
            > POST /interactions/{i1/}/callback {"type":4,"data":{"content":"again"}} | code message
              400 40060 Interaction has already been acknowledged.
            > shows general
              {m1} mirror: linked <@{bob}> @everyone
            > slash #general alice /ping
            > advance 3001
            > POST /interactions/{i2/}/callback {"type":4,"data":{"content":"late"}} | code
              404 10062
            > POST /webhooks/{bot}/{i2-token} {"content":"late"} | code
              404 10015
            > answered i2
              nothing
            > shows general
              {m1} mirror: linked <@{bob}> @everyone
        "#]],
    );
}

#[test]
fn a_deferral_is_thought_about_for_a_quarter_of_an_hour() {
    check_commands(
        r#"ws a
         a identify 513
         a reads 3
         slash #general alice /ping
         a reads 1 type
         PATCH /webhooks/{bot}/{i1-token}/messages/@original {"content":"too soon"} | code
         POST /interactions/{i1/}/callback {"type":5}
         a reads 1 type flags content
         answered i1
         PATCH /webhooks/{bot}/{i1-token}/messages/@original {"content":""} | code
         PATCH /webhooks/{bot}/{i1-token}/messages/@original {"content":"thought"} | content flags edited_timestamp
         a reads 1 flags content edited_timestamp
         answered i1
         POST /webhooks/{bot}/{i1-token} {"content":"and more"} | type content message_reference.message_id interaction_metadata.original_response_message_id
         a reads 1 content
         PATCH /webhooks/{bot}/{i1-token}/messages/{m2} {"content":"and less"} | content
         DELETE /webhooks/{bot}/{i1-token}/messages/{m2}
         GET /webhooks/{bot}/{i1-token}/messages/{m2} | code
         GET /webhooks/{bot}/{i1-token}/messages/@original | content
         GET /webhooks/{bot}/wrong/messages/@original | code
         slash #general alice /ping
         POST /interactions/{i2/}/callback {"type":5}
         POST /webhooks/{bot}/{i2-token} {"content":"ends the deferral"} | type content
         shows general
         advance 900001
         PATCH /webhooks/{bot}/{i2-token}/messages/@original {"content":"x"} | code message
         requests"#,
        expect![[r#"
            > ws a
            > a identify 513
            > a reads 3
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
              1 READY
              2 GUILD_CREATE
            > slash #general alice /ping
            > a reads 1 type
              3 INTERACTION_CREATE 2
            > PATCH /webhooks/{bot}/{i1-token}/messages/@original {"content":"too soon"} | code
              404 10015
            > POST /interactions/{i1/}/callback {"type":5}
              204
            > a reads 1 type flags content
              4 MESSAGE_CREATE 20 128
            > answered i1
              "" deferred []
            > PATCH /webhooks/{bot}/{i1-token}/messages/@original {"content":""} | code
              400 50006
            > PATCH /webhooks/{bot}/{i1-token}/messages/@original {"content":"thought"} | content flags edited_timestamp
              200 thought 0 null
            > a reads 1 flags content edited_timestamp
              5 MESSAGE_UPDATE 0 thought null
            > answered i1
              "thought" deferred []
            > POST /webhooks/{bot}/{i1-token} {"content":"and more"} | type content message_reference.message_id interaction_metadata.original_response_message_id
              200 19 and more {m1} {m1}
            > a reads 1 content
              6 MESSAGE_CREATE and more
            > PATCH /webhooks/{bot}/{i1-token}/messages/{m2} {"content":"and less"} | content
              200 and less
            > DELETE /webhooks/{bot}/{i1-token}/messages/{m2}
              204
            > GET /webhooks/{bot}/{i1-token}/messages/{m2} | code
              404 10008
            > GET /webhooks/{bot}/{i1-token}/messages/@original | content
              200 thought
            > GET /webhooks/{bot}/wrong/messages/@original | code
              401 50027
            > slash #general alice /ping
            > POST /interactions/{i2/}/callback {"type":5}
              204
            > POST /webhooks/{bot}/{i2-token} {"content":"ends the deferral"} | type content
              200 20 ends the deferral
            > shows general
              {m1} mirror: thought
              {m3} mirror: ends the deferral
            > advance 900001
            > PATCH /webhooks/{bot}/{i2-token}/messages/@original {"content":"x"} | code message
              401 50027 Invalid Webhook Token
            > requests
              PUT put_commands 200 - -
              PATCH edit_follow_up 404 - -
              POST answer_interaction 204 - {m1}
              PATCH edit_follow_up 400 - -
              PATCH edit_follow_up 200 - {m1}
              POST create_follow_up 200 - {m2}
              PATCH edit_follow_up 200 - {m2}
              DELETE delete_follow_up 204 - {m2}
              GET get_follow_up 404 - -
              GET get_follow_up 200 - -
              GET get_follow_up 401 - -
              POST answer_interaction 204 - {m3}
              POST create_follow_up 200 - {m3}
              PATCH edit_follow_up 401 - -
        "#]],
    );
}

#[test]
fn what_is_for_one_person_is_nowhere_else() {
    check_commands(
        r#"ws a
         a identify 513
         a reads 3
         slash #general alice /ping
         a reads 1 type
         POST /interactions/{i1/}/callback {"type":4,"data":{"content":"psst","flags":64}}
         a is quiet
         shows general
         GET /channels/{general}/messages | content
         answered i1
         GET /webhooks/{bot}/{i1-token}/messages/@original | content flags
         PATCH /webhooks/{bot}/{i1-token}/messages/@original {"content":"psst!"} | content flags
         answered i1
         DELETE /webhooks/{bot}/{i1-token}/messages/@original
         answered i1
         slash #general alice /ping
         a reads 1 type
         POST /interactions/{i2/}/callback {"type":5,"data":{"flags":64}}
         answered i2
         PATCH /webhooks/{bot}/{i2-token}/messages/@original {"content":"thought"} | flags
         answered i2
         POST /webhooks/{bot}/{i2-token} {"content":"to all"} | flags content
         a reads 1 content"#,
        expect![[r#"
            > ws a
            > a identify 513
            > a reads 3
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
              1 READY
              2 GUILD_CREATE
            > slash #general alice /ping
            > a reads 1 type
              3 INTERACTION_CREATE 2
            > POST /interactions/{i1/}/callback {"type":4,"data":{"content":"psst","flags":64}}
              204
            > a is quiet
              yes
            > shows general
            > GET /channels/{general}/messages | content
              200 []
            > answered i1
              "psst" ephemeral []
            > GET /webhooks/{bot}/{i1-token}/messages/@original | content flags
              200 psst 64
            > PATCH /webhooks/{bot}/{i1-token}/messages/@original {"content":"psst!"} | content flags
              200 psst! 64
            > answered i1
              "psst!" ephemeral []
            > DELETE /webhooks/{bot}/{i1-token}/messages/@original
              204
            > answered i1
              nothing
            > slash #general alice /ping
            > a reads 1 type
              4 INTERACTION_CREATE 2
            > POST /interactions/{i2/}/callback {"type":5,"data":{"flags":64}}
              204
            > answered i2
              "" ephemeral deferred []
            > PATCH /webhooks/{bot}/{i2-token}/messages/@original {"content":"thought"} | flags
              200 64
            > answered i2
              "thought" ephemeral deferred []
            > POST /webhooks/{bot}/{i2-token} {"content":"to all"} | flags content
              200 0 to all
            > a reads 1 content
              5 MESSAGE_CREATE to all
        "#]],
    );
}

#[test]
fn buttons_are_pressed_and_their_messages_updated() {
    check_commands(
        r#"ws a
         a identify 513
         a reads 3
         slash #general alice /ping
         POST /interactions/{i1/}/callback {"type":4,"data":{"content":"sure?","flags":64,"components":[{"type":1,"components":[{"type":2,"style":4,"label":"Yes, all","custom_id":"yes"},{"type":2,"style":2,"label":"No","custom_id":"no"}]}]}}
         answered i1
         a reads 1 type
         press i1 alice yes
         a reads 1 type message.flags message.content data.custom_id data.component_type member.user.id
         press i1 bob yes
         POST /interactions/{i2/}/callback {"type":7,"data":{"content":"done","components":[]}}
         answered i1
         answered i2
         POST /channels/{general}/messages {"content":"for all","components":[{"type":1,"components":[{"type":2,"style":1,"label":"Go","custom_id":"go"}]}]} | components.0.id components.0.components.0.id
         press m1 bob Go
         press m1 bob forged-or-old
         a reads 3 type data.custom_id message.id
         POST /interactions/{i3/}/callback {"type":6}
         answered i3
         PATCH /webhooks/{bot}/{i3-token}/messages/@original {"content":"gone","components":[]} | id content
         POST /interactions/{i4/}/callback {"type":4,"data":{"content":"no such button"}}
         GET /webhooks/{bot}/{i4-token}/messages/@original | type message_reference.message_id interaction_metadata.interacted_message_id
         shows general
         press m1 bob x
         delete general m1
         POST /interactions/{i5/}/callback {"type":7,"data":{"content":"x"}} | code
         POST /channels/{general}/messages {"content":"x","components":[{"type":1,"components":[{"type":2,"style":1,"label":"a","custom_id":"c"},{"type":2,"style":1,"label":"b","custom_id":"c"},{"type":2,"style":1}]}]} | errors.components"#,
        expect![[r#"
            > ws a
            > a identify 513
            > a reads 3
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
              1 READY
              2 GUILD_CREATE
            > slash #general alice /ping
            > POST /interactions/{i1/}/callback {"type":4,"data":{"content":"sure?","flags":64,"components":[{"type":1,"components":[{"type":2,"style":4,"label":"Yes, all","custom_id":"yes"},{"type":2,"style":2,"label":"No","custom_id":"no"}]}]}}
              204
            > answered i1
              "sure?" ephemeral ["yes", "no"]
            > a reads 1 type
              3 INTERACTION_CREATE 2
            > press i1 alice yes
            > a reads 1 type message.flags message.content data.custom_id data.component_type member.user.id
              4 INTERACTION_CREATE 3 64 sure? yes 2 {alice}
            > press i1 bob yes
              bob sees no answer there to press anything on
            > POST /interactions/{i2/}/callback {"type":7,"data":{"content":"done","components":[]}}
              204
            > answered i1
              "done" ephemeral []
            > answered i2
              "done" ephemeral []
            > POST /channels/{general}/messages {"content":"for all","components":[{"type":1,"components":[{"type":2,"style":1,"label":"Go","custom_id":"go"}]}]} | components.0.id components.0.components.0.id
              200 1 2
            > press m1 bob Go
            > press m1 bob forged-or-old
            > a reads 3 type data.custom_id message.id
              5 MESSAGE_CREATE 0 - -
              6 INTERACTION_CREATE 3 go {m1}
              7 INTERACTION_CREATE 3 forged-or-old {m1}
            > POST /interactions/{i3/}/callback {"type":6}
              204
            > answered i3
              "for all" deferred ["go"]
            > PATCH /webhooks/{bot}/{i3-token}/messages/@original {"content":"gone","components":[]} | id content
              200 {m1} gone
            > POST /interactions/{i4/}/callback {"type":4,"data":{"content":"no such button"}}
              204
            > GET /webhooks/{bot}/{i4-token}/messages/@original | type message_reference.message_id interaction_metadata.interacted_message_id
              200 19 {m1} {m1}
            > shows general
              {m1} mirror: gone (edited)
              {m2} mirror: no such button
            > press m1 bob x
            > delete general m1
            > POST /interactions/{i5/}/callback {"type":7,"data":{"content":"x"}} | code
              404 10008
            > POST /channels/{general}/messages {"content":"x","components":[{"type":1,"components":[{"type":2,"style":1,"label":"a","custom_id":"c"},{"type":2,"style":1,"label":"b","custom_id":"c"},{"type":2,"style":1}]}]} | errors.components
              400 {"0":{"components":{"1":{"custom_id":{"_errors":[{"code":"COMPONENT_CUSTOM_ID_DUPLICATED","message":"Component custom id cannot be duplicated"}]}},"2":{"custom_id":{"_errors":[{"code":"COMPONENT_CUSTOM_ID_REQUIRED","message":"A custom id is required"}]}}}}}
        "#]],
    );
}

#[test]
fn a_persons_discord_sends_only_what_fits() {
    check_commands(
        r#"role crew
         slash #general alice /mirror link to:#random note:a b way:one days:7 loud:true whom:bob crew:crew share:0.5
         slash #general alice /mirror link note:x
         slash #general alice /mirror link to:#random note:much too long
         slash #general alice /mirror link to:#random way:neither
         slash #general alice /mirror link to:#random days:8
         slash #general alice /mirror link to:#random days:1.5
         slash #general alice /mirror link to:#random days:soon
         slash #general alice /mirror link to:#random to:#general
         slash #general alice /mirror link too:#random
         slash #general alice /mirror lnik to:#random
         slash #general alice /mirror
         slash #general alice /mirror admin purge
         slash #general alice /miror link
         slash dm alice /mirror link to:#random
         slash dm alice /ping
         forum bug
         slash #general alice /mirror link to:{forum}
         PUT /applications/{bot}/commands [{"name":"ping","description":"d","contexts":[0]},{"name":"own","description":"d","contexts":[1]},{"name":"rule","description":"d","default_member_permissions":"32"},{"name":"closed","description":"d","default_member_permissions":"0"}]
         slash dm alice /ping
         slash #general alice /own
         slash dm alice /own
         slash #general alice /rule
         slash #general alice /closed
         may crew 32
         wear alice crew true
         slash #general alice /rule
         slash #general alice /closed
         may crew 8
         slash #general alice /closed
         wear alice crew false
         allows general home 0 2147483648
         slash #general alice /ping
         allows general alice 0 1024
         slash #general alice /ping"#,
        expect![[r#"
            > role crew
            > slash #general alice /mirror link to:#random note:a b way:one days:7 loud:true whom:bob crew:crew share:0.5
            > slash #general alice /mirror link note:x
              not filled in: to
            > slash #general alice /mirror link to:#random note:much too long
              option `note`: 13 characters, where 0 to 12 are allowed
            > slash #general alice /mirror link to:#random way:neither
              option `way`: "neither" is none of "both", "one"
            > slash #general alice /mirror link to:#random days:8
              option `days`: 8 is not between 1 and 7
            > slash #general alice /mirror link to:#random days:1.5
              option `days`: a whole number is wanted
            > slash #general alice /mirror link to:#random days:soon
              `soon` is no number or true or false
            > slash #general alice /mirror link to:#random to:#general
              option `to` is there twice
            > slash #general alice /mirror link too:#random
              no option `too`; did you mean `to`?
            > slash #general alice /mirror lnik to:#random
              /mirror has no subcommand `lnik`; there are: link, admin
            > slash #general alice /mirror
              /mirror needs a subcommand: link, admin
            > slash #general alice /mirror admin purge
            > slash #general alice /miror link
              no command `miror`; did you mean `mirror`?
            > slash dm alice /mirror link to:#random
              option `to`: no channel {random} is offered here
            > slash dm alice /ping
            > forum bug
            > slash #general alice /mirror link to:{forum}
              option `to`: channels of type 15 are not offered
            > PUT /applications/{bot}/commands [{"name":"ping","description":"d","contexts":[0]},{"name":"own","description":"d","contexts":[1]},{"name":"rule","description":"d","default_member_permissions":"32"},{"name":"closed","description":"d","default_member_permissions":"0"}]
              200
            > slash dm alice /ping
              /ping is not offered here: see its `contexts`
            > slash #general alice /own
              /own is not offered here: see its `contexts`
            > slash dm alice /own
            > slash #general alice /rule
              /rule is not offered to alice: it needs the permissions 32 (default_member_permissions)
            > slash #general alice /closed
              /closed is not offered to alice: it needs the permissions 8 (default_member_permissions)
            > may crew 32
            > wear alice crew true
            > slash #general alice /rule
            > slash #general alice /closed
              /closed is not offered to alice: it needs the permissions 8 (default_member_permissions)
            > may crew 8
            > slash #general alice /closed
            > wear alice crew false
            > allows general home 0 2147483648
            > slash #general alice /ping
              alice may not use commands there (Use Application Commands)
            > allows general alice 0 1024
            > slash #general alice /ping
              alice does not see the channel (View Channel)
        "#]],
    );
}

#[test]
fn direct_messages_with_the_bot_are_a_channel_of_their_own() {
    check_commands(
        r#"ws a
         a identify 4096 0/2
         a reads 2
         ws b
         b identify 4096 1/2
         b reads 2
         slash dm alice /ping
         a reads 1 type context user.username member guild_id channel.type channel.recipients.0.username app_permissions authorizing_integration_owners
         POST /interactions/{i1/}/callback {"type":4,"data":{"content":"hello, you"}}
         a reads 1 content guild_id author.username
         b is quiet
         answered i1"#,
        expect![[r#"
            > ws a
            > a identify 4096 0/2
            > a reads 2
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
              1 READY
            > ws b
            > b identify 4096 1/2
            > b reads 2
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
              1 READY
            > slash dm alice /ping
            > a reads 1 type context user.username member guild_id channel.type channel.recipients.0.username app_permissions authorizing_integration_owners
              2 INTERACTION_CREATE 2 1 alice - - 1 alice 442368 {"0":"0"}
            > POST /interactions/{i1/}/callback {"type":4,"data":{"content":"hello, you"}}
              204
            > a reads 1 content guild_id author.username
              3 MESSAGE_CREATE hello, you - mirror
            > b is quiet
              yes
            > answered i1
              "hello, you" []
        "#]],
    );
}

#[test]
fn an_interaction_is_heard_without_intents_without_sight_and_after_a_cut() {
    check_commands(
        r#"ws a
         a identify 0
         a reads 2
         allows general bot 0 1024
         slash #general alice /ping
         a reads 1 type app_permissions
         POST /interactions/{i1/}/callback {"type":4,"data":{"content":"heard"}}
         answered i1
         GET /channels/{general}/messages | code
         a close 4000
         slash #general alice /ping
         ws b
         b resume a 2
         b reads 3 type
         POST /interactions/{i2/}/callback {"type":4,"data":{"content":"heard again"}}"#,
        expect![[r#"
            > ws a
            > a identify 0
            > a reads 2
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
              1 READY
            > allows general bot 0 1024
            > slash #general alice /ping
            > a reads 1 type app_permissions
              2 INTERACTION_CREATE 2 0
            > POST /interactions/{i1/}/callback {"type":4,"data":{"content":"heard"}}
              204
            > answered i1
              "heard" []
            > GET /channels/{general}/messages | code
              403 50001
            > a close 4000
            > slash #general alice /ping
            > ws b
            > b resume a 2
            > b reads 3 type
              {"d":{"heartbeat_interval":41250},"op":10,"s":null,"t":null}
              3 INTERACTION_CREATE 2
              4 RESUMED -
            > POST /interactions/{i2/}/callback {"type":4,"data":{"content":"heard again"}}
              204
        "#]],
    );
}
