//! Permissions: what each of them is for, and how roles and overwrites add up.

use expect_test::expect;
use standin::{Config, Permissions, Standin};

use crate::check;

#[test]
fn each_permission_closes_what_it_is_for() {
    check(
        r#"say general alice hello
         start general m1 alice side
         permit general {"send_messages":false}
         POST /channels/{general}/messages {"content":"x"} | code
         POST /channels/{side}/messages {"content":"x"} | content
         permit general {"send_messages_in_threads":false}
         POST /channels/{general}/messages {"content":"x"} | content
         POST /channels/{side}/messages {"content":"x"} | code
         permit general {"embed_links":false}
         POST /channels/{general}/messages {"embeds":[{"title":"t"}]} | code
         permit general {"read_message_history":false}
         POST /channels/{general}/messages {"content":"x","message_reference":{"message_id":"{m1}"}} | code message
         PUT /channels/{general}/messages/{m1}/reactions/%F0%9F%91%8D/@me | code
         GET /channels/{general}/threads/archived/public | code
         GET /channels/{general}/messages/pins | items
         permit general {"manage_messages":false}
         DELETE /channels/{general}/messages/{m1} | code
         POST /channels/{general}/messages/bulk-delete {"messages":["1","2"]} | code
         DELETE /channels/{general}/messages/{m1}/reactions | code
         permit general {"add_reactions":false}
         PUT /channels/{general}/messages/{m1}/reactions/%F0%9F%91%8D/@me | code
         react general m1
         PUT /channels/{general}/messages/{m1}/reactions/%F0%9F%91%8D/@me
         permit general {"pin_messages":false}
         PUT /channels/{general}/messages/pins/{m1} | code
         permit general {"manage_threads":false}
         PATCH /channels/{side} {"name":"x"} | code
         DELETE /channels/{side} | code
         GET /channels/{general}/threads/archived/private | code
         archive side true
         PATCH /channels/{side} {"archived":false} | thread_metadata.archived
         permit general {"create_public_threads":false}
         POST /channels/{general}/threads {"name":"x","type":11} | code
         POST /channels/{general}/threads {"name":"secret"} | type
         permit general {"create_private_threads":false}
         POST /channels/{general}/threads {"name":"x"} | code
         permit general {"manage_channels":false}
         PATCH /channels/{general} {"name":"x"} | code
         DELETE /channels/{general} | code
         permit general {"manage_webhooks":false}
         GET /channels/{general}/webhooks | code
         permit general {"view_channel":false}
         GET /channels/{general} | code
         GET /channels/{side} | code"#,
        expect![[r#"
            > say general alice hello
            > start general m1 alice side
            > permit general {"send_messages":false}
            > POST /channels/{general}/messages {"content":"x"} | code
              403 50013
            > POST /channels/{side}/messages {"content":"x"} | content
              200 x
            > permit general {"send_messages_in_threads":false}
            > POST /channels/{general}/messages {"content":"x"} | content
              200 x
            > POST /channels/{side}/messages {"content":"x"} | code
              403 50013
            > permit general {"embed_links":false}
            > POST /channels/{general}/messages {"embeds":[{"title":"t"}]} | code
              403 50013
            > permit general {"read_message_history":false}
            > POST /channels/{general}/messages {"content":"x","message_reference":{"message_id":"{m1}"}} | code message
              400 160002 Cannot reply without permission to read message history
            > PUT /channels/{general}/messages/{m1}/reactions/%F0%9F%91%8D/@me | code
              403 50013
            > GET /channels/{general}/threads/archived/public | code
              403 50001
            > GET /channels/{general}/messages/pins | items
              200 []
            > permit general {"manage_messages":false}
            > DELETE /channels/{general}/messages/{m1} | code
              403 50013
            > POST /channels/{general}/messages/bulk-delete {"messages":["1","2"]} | code
              403 50013
            > DELETE /channels/{general}/messages/{m1}/reactions | code
              403 50013
            > permit general {"add_reactions":false}
            > PUT /channels/{general}/messages/{m1}/reactions/%F0%9F%91%8D/@me | code
              403 50013
            > react general m1
            > PUT /channels/{general}/messages/{m1}/reactions/%F0%9F%91%8D/@me
              204
            > permit general {"pin_messages":false}
            > PUT /channels/{general}/messages/pins/{m1} | code
              403 50013
            > permit general {"manage_threads":false}
            > PATCH /channels/{side} {"name":"x"} | code
              403 50013
            > DELETE /channels/{side} | code
              403 50013
            > GET /channels/{general}/threads/archived/private | code
              403 50001
            > archive side true
            > PATCH /channels/{side} {"archived":false} | thread_metadata.archived
              200 false
            > permit general {"create_public_threads":false}
            > POST /channels/{general}/threads {"name":"x","type":11} | code
              403 50013
            > POST /channels/{general}/threads {"name":"secret"} | type
              201 12
            > permit general {"create_private_threads":false}
            > POST /channels/{general}/threads {"name":"x"} | code
              403 50013
            > permit general {"manage_channels":false}
            > PATCH /channels/{general} {"name":"x"} | code
              403 50013
            > DELETE /channels/{general} | code
              403 50013
            > permit general {"manage_webhooks":false}
            > GET /channels/{general}/webhooks | code
              403 50013
            > permit general {"view_channel":false}
            > GET /channels/{general} | code
              403 50001
            > GET /channels/{side} | code
              403 50001
        "#]],
    );
}

#[test]
fn overwrites_are_put_and_removed_over_rest() {
    let no_reactions = Permissions { add_reactions: false, ..Permissions::default() }.bits();
    let config = Config { unlimited: true, ..Default::default() };
    let transcript = crate::script::run(
        config,
        &r#"ws a
         a reads 1
         a identify
         a reads 2
         role crew
         a reads 1
         PUT /channels/{general}/permissions/{crew} {"type":0,"allow":"1024","deny":2048}
         a reads 1 permission_overwrites
         PUT /channels/{general}/permissions/{crew} {"type":0}
         a reads 1 permission_overwrites
         PUT /channels/{general}/permissions/{bot} {"type":1,"deny":"64"}
         a reads 1 permission_overwrites.1.id permission_overwrites.1.type permission_overwrites.1.deny
         DELETE /channels/{general}/permissions/{crew}
         a reads 1 permission_overwrites.0.id permission_overwrites.1
         DELETE /channels/{general}/permissions/{crew} | code message
         PUT /channels/{general}/permissions/{home} {"type":0,"deny":"64"}
         PUT /channels/{general}/permissions/{crew} {"type":0,"allow":"64"}
         may home BITS
         PUT /channels/{general}/permissions/{crew} {"type":0,"allow":"64"} | code message
         PUT /channels/{general}/permissions/{crew} {"type":0,"deny":"64"} | code message
         PUT /channels/{general}/permissions/{crew} {"type":0,"allow":"2"}
         PUT /channels/{general}/permissions/{bot} {"type":0} | code message
         PUT /channels/{general}/permissions/{crew} {"type":1} | code message
         PUT /channels/{general}/permissions/{crew} {"allow":"1"} | errors.type._errors.0.code
         PUT /channels/{general}/permissions/{crew} {"type":0,"allow":"many"} | errors.allow._errors.0.code
         PUT /channels/1/permissions/{crew} {"type":0} | code
         PUT /channels/{general}/permissions/crew {"type":0} | code errors
         aside general alice side
         PUT /channels/{side}/permissions/{crew} {"type":0} | code message
         allows general bot 268435456 64
         PUT /channels/{general}/permissions/{crew} {"type":0,"allow":"64"}
         permit general {"manage_roles":false}
         PUT /channels/{general}/permissions/{crew} {"type":0} | code
         DELETE /channels/{general}/permissions/{crew} | code"#
            .replace("BITS", &no_reactions.to_string()),
    );
    expect![[r#"
        > role crew
        > a reads 1
          3 GUILD_ROLE_CREATE
        > PUT /channels/{general}/permissions/{crew} {"type":0,"allow":"1024","deny":2048}
          204
        > a reads 1 permission_overwrites
          4 CHANNEL_UPDATE [{"allow":"1024","deny":"2048","id":"{crew}","type":0}]
        > PUT /channels/{general}/permissions/{crew} {"type":0}
          204
        > a reads 1 permission_overwrites
          5 CHANNEL_UPDATE [{"allow":"0","deny":"0","id":"{crew}","type":0}]
        > PUT /channels/{general}/permissions/{bot} {"type":1,"deny":"64"}
          204
        > a reads 1 permission_overwrites.1.id permission_overwrites.1.type permission_overwrites.1.deny
          6 CHANNEL_UPDATE {bot} 1 64
        > DELETE /channels/{general}/permissions/{crew}
          204
        > a reads 1 permission_overwrites.0.id permission_overwrites.1
          7 CHANNEL_UPDATE {bot} -
        > DELETE /channels/{general}/permissions/{crew} | code message
          404 10009 Unknown Overwrite
        > PUT /channels/{general}/permissions/{home} {"type":0,"deny":"64"}
          204
        > PUT /channels/{general}/permissions/{crew} {"type":0,"allow":"64"}
          204
        > may home 2252197903592464
        > PUT /channels/{general}/permissions/{crew} {"type":0,"allow":"64"} | code message
          403 50013 Missing Permissions
        > PUT /channels/{general}/permissions/{crew} {"type":0,"deny":"64"} | code message
          403 50013 Missing Permissions
        > PUT /channels/{general}/permissions/{crew} {"type":0,"allow":"2"}
          204
        > PUT /channels/{general}/permissions/{bot} {"type":0} | code message
          404 10009 Unknown Overwrite
        > PUT /channels/{general}/permissions/{crew} {"type":1} | code message
          404 10009 Unknown Overwrite
        > PUT /channels/{general}/permissions/{crew} {"allow":"1"} | errors.type._errors.0.code
          400 BASE_TYPE_CHOICES
        > PUT /channels/{general}/permissions/{crew} {"type":0,"allow":"many"} | errors.allow._errors.0.code
          400 NUMBER_TYPE_COERCE
        > PUT /channels/1/permissions/{crew} {"type":0} | code
          404 10003
        > PUT /channels/{general}/permissions/crew {"type":0} | code errors
          400 50035 {"overwrite_id":{"_errors":[{"code":"NUMBER_TYPE_COERCE","message":"Value \"crew\" is not snowflake."}]}}
        > aside general alice side
        > PUT /channels/{side}/permissions/{crew} {"type":0} | code message
          400 50024 Cannot execute action on this channel type
        > allows general bot 268435456 64
        > PUT /channels/{general}/permissions/{crew} {"type":0,"allow":"64"}
          204
        > permit general {"manage_roles":false}
        > PUT /channels/{general}/permissions/{crew} {"type":0} | code
          403 50013
        > DELETE /channels/{general}/permissions/{crew} | code
          403 50013
    "#]].assert_eq(transcript.split_once("GUILD_CREATE\n").unwrap().1);
}

#[test]
fn files_need_a_permission() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let discord = Standin::start(Config { unlimited: true, ..Default::default() }).unwrap();
        let channel = discord.create_channel(discord.create_guild("home"), "general");
        let http = crate::http::Http::new(&discord.api_url(), &Config::default().token);
        let path = format!("/channels/{channel}/messages");
        let mut met = Vec::new();
        for attach_files in [true, false] {
            discord.set_permissions(channel, Permissions { attach_files, ..Permissions::default() });
            if let crate::http::Got::Answer { status, .. } =
                http.upload("POST", &path, "{}", &[("a", b"a")]).await
            {
                met.push(status);
            }
        }
        assert_eq!(met, [200, 403]);
    });
}

#[test]
fn roles_and_overwrites_add_up() {
    let discord = Standin::start(Config::default()).unwrap();
    let home = discord.create_guild("home");
    let (channel, role) = (discord.create_channel(home, "general"), discord.create_role(home, "crew"));
    let (all, view) = (Permissions::default(), Permissions { view_channel: true, ..Permissions::of_bits(0) });
    let may = || discord.permissions(channel);
    assert_eq!(may(), all);
    assert!(discord.set_role(home, home, view.bits()));
    assert_eq!(may(), view, "what @everyone may");
    assert!(discord.set_overwrite(channel, home, 1 << 11, 1 << 10));
    assert_eq!(may().bits(), 1 << 11, "the channel takes one and gives one");
    assert!(discord.set_role(home, role, 1 << 29));
    assert_eq!(may().bits(), 1 << 11, "not worn");
    assert!(discord.wear(home, discord.bot_id(), role, true));
    assert_eq!(may().bits(), 1 << 11 | 1 << 29, "worn");
    assert!(discord.set_overwrite(channel, role, 1 << 10, 1 << 29));
    assert_eq!(may().bits(), 1 << 11 | 1 << 10, "the role's overwrite is above that of @everyone");
    assert!(discord.set_overwrite(channel, discord.bot_id(), 1 << 29, 1 << 10));
    assert_eq!(may().bits(), 1 << 11 | 1 << 29, "the member's own is above all");
    assert_eq!(
        discord.permissions(discord.create_thread(channel, "side")),
        may(),
        "a thread has its parent's"
    );
    assert!(discord.set_role(home, role, 1 << 3));
    assert_eq!(may(), all, "an administrator may everything");
}

#[test]
fn changes_are_dispatched() {
    let config = Config { unlimited: true, ..Default::default() };
    let transcript = crate::script::run(
        config,
        r#"ws a
         a reads 1
         a identify 34339
         a reads 2
         aside general alice side
         a reads 2
         role crew
         may crew 1024
         wear bot crew true
         allows general home 0 1024
         allows general crew 1024 0
         permit general {"view_channel":false}
         say general alice unseen
         permit general {}
         say general alice seen
         a reads 3 role.name role.permissions user.username roles
         a reads 1 id permission_overwrites.0.id permission_overwrites.0.type permission_overwrites.0.deny
         a reads 1 id permission_overwrites.1.id permission_overwrites.1.allow
         a reads 1 channel_ids threads.0.name
         a reads 1 permission_overwrites.2.id permission_overwrites.2.type permission_overwrites.2.deny
         a reads 1 permission_overwrites.2
         a reads 1 channel_ids threads.0.name
         a reads 1 content"#,
    );
    expect![[r#"
        > aside general alice side
        > a reads 2
          3 THREAD_CREATE
          4 MESSAGE_CREATE
        > role crew
        > may crew 1024
        > wear bot crew true
        > allows general home 0 1024
        > allows general crew 1024 0
        > permit general {"view_channel":false}
        > say general alice unseen
        > permit general {}
        > say general alice seen
        > a reads 3 role.name role.permissions user.username roles
          5 GUILD_ROLE_CREATE crew 0 - -
          6 GUILD_ROLE_UPDATE crew 1024 - -
          7 GUILD_MEMBER_UPDATE - - mirror ["{crew}"]
        > a reads 1 id permission_overwrites.0.id permission_overwrites.0.type permission_overwrites.0.deny
          8 CHANNEL_UPDATE {general} {home} 0 1024
        > a reads 1 id permission_overwrites.1.id permission_overwrites.1.allow
          9 CHANNEL_UPDATE {general} {crew} 1024
        > a reads 1 channel_ids threads.0.name
          10 THREAD_LIST_SYNC ["{general}"] side
        > a reads 1 permission_overwrites.2.id permission_overwrites.2.type permission_overwrites.2.deny
          11 CHANNEL_UPDATE {bot} 1 1024
        > a reads 1 permission_overwrites.2
          12 CHANNEL_UPDATE -
        > a reads 1 channel_ids threads.0.name
          13 THREAD_LIST_SYNC ["{general}"] side
        > a reads 1 content
          14 MESSAGE_CREATE seen
    "#]]
    .assert_eq(transcript.split_once("GUILD_CREATE\n").unwrap().1);
}
