//! Slash commands and buttons: registered, offered, typed, pressed, answered.

mod payload;

use expect_test::expect;

use crate::check;

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
fn commands_are_registered_as_a_whole_or_one_by_one() {
    check(
        r#"GET /applications/{bot}/commands | name
         PUT /applications/{bot}/commands [{"name":"one","description":"d"},{"name":"two","description":"d","type":1},{"name":"Two","type":2}] | name type description
         POST /applications/{bot}/commands {"name":"two","description":"other"} | name description
         POST /applications/{bot}/commands {"name":"three","description":"d","default_member_permissions":32,"contexts":[0]} | default_member_permissions contexts dm_permission
         GET /applications/{bot}/commands | name description
         PUT /applications/{bot}/commands [{"name":"grüße_-'1","description":"d","options":null}] | name
         GET /applications/{bot}/commands | application_id name contexts default_member_permissions
         PUT /applications/{bot}/commands [] |
         GET /applications/{bot}/commands | name
         GET /applications/{alice}/commands | code message
         PUT /applications/{bot}/commands {} | code errors"#,
        expect![[""]],
    );
}

#[test]
fn what_is_wrong_with_a_command_is_said_where_it_is() {
    check(
        r#"POST /applications/{bot}/commands {} | code errors.name._errors.0.code errors.description._errors.0.code
         POST /applications/{bot}/commands {"name":"Upper","description":"d"} | errors.name._errors.0.message
         POST /applications/{bot}/commands {"name":"two words","description":"d"} | errors.name._errors.0.code
         POST /applications/{bot}/commands {"name":"a234567890123456789012345678901234","description":"d"} | errors.name._errors.0.message
         POST /applications/{bot}/commands {"name":"a","description":""} | errors.description._errors.0.message
         POST /applications/{bot}/commands {"name":"a","description":"d","type":9} | errors.type._errors.0.message
         POST /applications/{bot}/commands {"name":"a","description":"d","contexts":[]} | errors.contexts._errors.0.code
         PUT /applications/{bot}/commands [{"name":"a","description":"d"},{"name":"a","description":"e"}] | errors.1._errors.0.code
         PUT /applications/{bot}/commands [{"name":"a","description":"d","options":[{"type":3,"name":"x","description":"d"},{"type":3,"name":"y","description":"d","required":true}]}] | errors.0.options.1._errors.0.message
         PUT /applications/{bot}/commands [{"name":"a","description":"d","options":[{"type":3,"name":"x","description":"d"},{"type":3,"name":"x","description":"d"}]}] | errors.0.options.1.name._errors.0.code
         PUT /applications/{bot}/commands [{"name":"a","description":"d","options":[{"type":12,"name":"x","description":"d"}]}] | errors.0.options.0.type._errors.0.code
         PUT /applications/{bot}/commands [{"name":"a","description":"d","options":[{"type":1,"name":"x","description":"d"},{"type":3,"name":"y","description":"d"}]}] | errors.0.options.1.type._errors.0.code
         PUT /applications/{bot}/commands [{"name":"a","description":"d","options":[{"type":1,"name":"x","description":"d","options":[{"type":1,"name":"y","description":"d"}]}]}] | errors.0.options.0.options.0.type._errors.0.code
         PUT /applications/{bot}/commands [{"name":"a","description":"d","options":[{"type":4,"name":"x","description":"d","choices":[{"name":"one","value":"1"}]}]}] | errors.0.options.0.choices.0.value._errors.0.code
         GET /applications/{bot}/commands | name"#,
        expect![[""]],
    );
}

#[test]
fn a_command_is_answered_once_and_in_time() {
    check_commands(
        r#"ws a
         a identify 513
         a reads 3
         slash #general alice /mirror link to:#random note:as is
         a reads 1 type version context guild_id channel_id application_id data.name data.options data.resolved.channels.{random}.name
         answered i1
         POST /interactions/{i1/}/callback {"type":4,"data":{"content":""}} | code
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
        expect![[""]],
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
        expect![[""]],
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
        expect![[""]],
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
        expect![[""]],
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
        expect![[""]],
    );
}

#[test]
fn direct_messages_with_the_bot_are_a_channel_of_their_own() {
    check_commands(
        r#"ws a
         a identify 4097 0/2
         a reads 1
         ws b
         b identify 4097 1/2
         b reads 1
         slash dm alice /ping
         a reads 1 type context user.username member guild_id channel.type channel.recipients.0.username app_permissions authorizing_integration_owners
         POST /interactions/{i1/}/callback {"type":4,"data":{"content":"hello, you"}}
         a reads 1 content guild_id author.username
         answered i1"#,
        expect![[""]],
    );
}

#[test]
fn an_interaction_is_heard_without_intents_without_sight_and_after_a_cut() {
    check_commands(
        r#"ws a
         a identify 0
         a reads 1
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
         b reads 2 type
         POST /interactions/{i2/}/callback {"type":4,"data":{"content":"heard again"}}"#,
        expect![[""]],
    );
}
