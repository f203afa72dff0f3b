//! The control routes and the command language.

use expect_test::expect;

use crate::check;

#[test]
fn curl_drives_the_world() {
    check(
        r##"POST /standin/say {"channel":"general","user":"alice","text":"hello there"} | message
         POST /standin/do say #general bob hi | message
         POST /standin/do reply home/general bob last re: hi | message
         POST /standin/do edit general last re: hi!
         POST /standin/do react general last bob 👍
         GET /standin/messages?channel=general | id name content author reply_to
         POST /webhooks/{hook/} {"content":"x"}
         GET /standin/ledger?kind=execute_webhook | seq method kind status effect content webhook channel
         GET /standin/effects?channel=random | change actor subject content
         GET /standin/counts | requests by_change.create
         POST /standin/do wipe random | removed
         PUT /standin/faults {"script":[{"on":{"kind":"me"},"do":{"fault":"error_before_effect","status":500}}]} | ok
         GET /users/@me
         GET /standin/faults | injected.0.fault plan.script.0.nth
         GET /standin | guilds.0.name connected"##,
        expect![[r#"
            > POST /standin/say {"channel":"general","user":"alice","text":"hello there"} | message
              200 {m1}
            > POST /standin/do say #general bob hi | message
              200 {m2}
            > POST /standin/do reply home/general bob last re: hi | message
              200 {m3}
            > POST /standin/do edit general last re: hi!
              200
            > POST /standin/do react general last bob 👍
              200
            > GET /standin/messages?channel=general | id name content author reply_to
              200 [{m1} alice hello there {alice} null; {m2} bob hi {bob} null; {m3} bob re: hi! {bob} {m2}]
            > POST /webhooks/{hook/} {"content":"x"}
              204
            > GET /standin/ledger?kind=execute_webhook | seq method kind status effect content webhook channel
              200 [1 POST execute_webhook 204 {m4} x {hook} {random}]
            > GET /standin/effects?channel=random | change actor subject content
              200 [create {"webhook":"{hook}"} {m4} x]
            > GET /standin/counts | requests by_change.create
              200 1 4
            > POST /standin/do wipe random | removed
              200 1
            > PUT /standin/faults {"script":[{"on":{"kind":"me"},"do":{"fault":"error_before_effect","status":500}}]} | ok
              200 true
            > GET /users/@me
              500
            > GET /standin/faults | injected.0.fault plan.script.0.nth
              200 error_before_effect 1
            > GET /standin | guilds.0.name connected
              200 home 0
        "#]],
    );
}

#[test]
fn wrong_input_names_the_nearest_right_thing() {
    check(
        r#"POST /standin/do xyzzy #general alice hello | error
         POST /standin/do sya #general alice hello | error
         POST /standin/do say #generl alice hello | error
         POST /standin/do say #somewhere-else alice hello | error
         POST /standin/do say #general | error
         POST /standin/do delete general 77 | error
         POST /standin/do lag general soon | error
         POST /standin/say {"channel":"general"} | error
         POST /standin/say [] | error
         PUT /standin/faults {"scripts":[]} | error
         GET /standin/nothing | error
         GET /standin/messages | error
         GET /standin/ledger?kind=nothing | error"#,
        expect![[r#"
            > POST /standin/do xyzzy #general alice hello | error
              400 no command `xyzzy`; try `help`
            > POST /standin/do sya #general alice hello | error
              400 no command `sya`; did you mean `say`?
            > POST /standin/do say #generl alice hello | error
              400 no channel `generl`; did you mean `general`?
            > POST /standin/do say #somewhere-else alice hello | error
              400 no channel `somewhere-else`; there are: general, random
            > POST /standin/do say #general | error
              400 usage: say CHANNEL USER TEXT
            > POST /standin/do delete general 77 | error
              400 no message `77` there; write an id or `last`
            > POST /standin/do lag general soon | error
              400 `soon` is not a number of milliseconds
            > POST /standin/say {"channel":"general"} | error
              400 say: missing field `user`
            > POST /standin/say [] | error
              400 the body is not an object
            > PUT /standin/faults {"scripts":[]} | error
              400 not a plan of faults: unknown field `scripts`, expected one of `script`, `rates`, `gateway_script`, `gateway_rates`, `cdn_rates` at line 1 column 10
            > GET /standin/nothing | error
              400 no `GET /standin/nothing`; GET /standin/help lists what there is
            > GET /standin/messages | error
              400 which channel? add ?channel=NAME
            > GET /standin/ledger?kind=nothing | error
              400 kind: unknown variant `nothing`, expected one of `gateway`, `gateway_bot`, `me`, `user`, `my_guilds`, `application`, `guild`, `guild_channels`, `guild_roles`, `guild_member`, `active_threads`, `guild_webhooks`, `channel`, `edit_channel`, `delete_channel`, `put_overwrite`, `delete_overwrite`, `list_messages`, `get_message`, `create_message`, `edit_message`, `delete_message`, `bulk_delete`, `add_reaction`, `remove_reaction`, `clear_reactions`, `list_reactions`, `list_pins`, `old_pins`, `pin`, `unpin`, `start_thread`, `create_thread`, `archived_threads`, `private_archived_threads`, `thread_members`, `thread_member`, `join_thread`, `leave_thread`, `channel_webhooks`, `create_webhook`, `get_webhook`, `edit_webhook`, `delete_webhook`, `execute_webhook`, `get_webhook_message`, `edit_webhook_message`, `delete_webhook_message`, `refresh_urls`, `commands`, `put_commands`, `create_command`, `answer_interaction`, `create_follow_up`, `get_follow_up`, `edit_follow_up`, `delete_follow_up`, `unknown`
        "#]],
    );
}
