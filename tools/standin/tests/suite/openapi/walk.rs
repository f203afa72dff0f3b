//! Every route once, with something in each answer; `http` holds the answers against the file.

use std::collections::BTreeSet;

use serde_json::json;
use standin::{Config, File, Filter, RouteKind, Said};

use crate::{http::Http, script::Stage};

const WALK: &str = r#"GET /gateway
    GET /gateway/bot
    GET /users/@me
    GET /users/{alice}
    GET /users/@me/guilds
    GET /applications/@me
    GET /oauth2/applications/@me
    GET /guilds/{home}
    GET /guilds/{home}/channels
    GET /guilds/{home}/roles
    GET /guilds/{home}/members/{bot}
    say general alice look at <@{bob}>
    unfurl general m1 https://example.org
    reply general bob m1 well
    pin general m2
    react general m1
    defer general bob
    POST /channels/{general}/messages {"content":"x","nonce":"n","embeds":[{"title":"t","fields":[{"name":"a","value":"b"}]}]}
    PATCH /channels/{general}/messages/{m5} {"content":"y"}
    POST /channels/{general}/messages {"content":"re","message_reference":{"message_id":"{m1}"}}
    GET /channels/{general}/messages/{m1}
    PUT /channels/{general}/messages/{m1}/reactions/%F0%9F%91%8D/@me
    GET /channels/{general}/messages/{m1}/reactions/%F0%9F%91%8D
    DELETE /channels/{general}/messages/{m1}/reactions/%F0%9F%91%8D/@me
    DELETE /channels/{general}/messages/{m1}/reactions/%F0%9F%91%8D
    DELETE /channels/{general}/messages/{m1}/reactions
    PUT /channels/{general}/messages/pins/{m1}
    GET /channels/{general}/messages/pins
    GET /channels/{general}/pins
    DELETE /channels/{general}/messages/pins/{m1}
    POST /channels/{general}/messages/{m1}/threads {"name":"side"}
    POST /channels/{general}/threads {"name":"own","type":11}
    POST /channels/{general}/threads {"name":"secret"}
    GET /guilds/{home}/threads/active
    PUT /channels/{side}/thread-members/@me
    PUT /channels/{side}/thread-members/{bob}
    GET /channels/{side}/thread-members
    GET /channels/{side}/thread-members?with_member=true
    GET /channels/{side}/thread-members/{bob}
    GET /channels/{side}/thread-members/{bob}?with_member=true
    DELETE /channels/{side}/thread-members/{bob}
    DELETE /channels/{side}/thread-members/@me
    GET /channels/{side}/messages
    PATCH /channels/{side} {"archived":true}
    archive secret true
    GET /channels/{general}/threads/archived/public
    GET /channels/{general}/threads/archived/private
    GET /channels/{own}
    GET /channels/{general}
    PATCH /channels/{general} {"name":"renamed"}
    PUT /channels/{general}/permissions/{alice} {"type":1,"allow":"1024","deny":"2048"}
    PUT /channels/{general}/permissions/{home} {"type":0}
    GET /channels/{general}
    DELETE /channels/{general}/permissions/{alice}
    permit general {"embed_links":false}
    GET /channels/{general}
    forum bug,idea
    PATCH /channels/{forum} {"flags":16}
    GET /channels/{forum}
    POST /channels/{forum}/threads {"name":"made","applied_tags":["{bug}"],"message":{"content":"by the bot"}}
    POST /channels/{random}/webhooks {"name":"second"}
    GET /channels/{random}/webhooks
    GET /guilds/{home}/webhooks
    GET /webhooks/{hook}
    GET /webhooks/{hook/}
    PATCH /webhooks/{hook} {"name":"renamed"}
    PATCH /webhooks/{hook/} {"name":"again"}
    POST /webhooks/{hook/} {"content":"unseen"}
    POST /webhooks/{hook/}?wait=true {"content":"seen","username":"A","embeds":[{"title":"t","image":{"url":"https://example.org/a.png"}}]}
    GET /channels/{random}/messages
    GET /channels/{general}/messages?limit=100
    POST /channels/{general}/messages/bulk-delete {"messages":["{m1}","{m2}"]}
    DELETE /channels/{general}/messages/{m5}
    PUT /applications/{bot}/commands [{"name":"ask","description":"d","default_member_permissions":"32","contexts":[0],"options":[{"type":2,"name":"g","description":"d","options":[{"type":1,"name":"s","description":"d","options":[{"type":3,"name":"t","description":"d","required":true,"choices":[{"name":"a","value":"b"}]},{"type":7,"name":"c","description":"d","channel_types":[0,15]},{"type":4,"name":"n","description":"d","min_value":1}]}]}]},{"name":"Look","type":3}]
    POST /applications/{bot}/commands {"name":"go","description":"d"}
    POST /applications/{bot}/commands {"name":"go","description":"e"}
    GET /applications/{bot}/commands
    slash random alice /go
    POST /interactions/{i1/}/callback?with_response=true {"type":4,"data":{"content":"x","components":[{"type":1,"components":[{"type":2,"style":1,"label":"L","custom_id":"c"}]}]}}
    GET /webhooks/{bot}/{i1-token}/messages/@original
    PATCH /webhooks/{bot}/{i1-token}/messages/@original {"content":"y"}
    POST /webhooks/{bot}/{i1-token} {"content":"more","flags":64}
    press i1 bob c
    POST /interactions/{i2/}/callback?with_response=true {"type":7,"data":{"content":"z","components":[]}}
    press i1 bob c
    POST /interactions/{i3/}/callback {"type":6}
    press i1 bob c
    POST /interactions/{i4/}/callback?with_response=true {"type":5,"data":{"flags":64}}
    PATCH /webhooks/{bot}/{i4-token}/messages/@original {"content":"for bob"}
    DELETE /webhooks/{bot}/{i4-token}/messages/@original
    DELETE /channels/{own}"#;

/// What goes wrong is described too.
const ERRORS: &str = r#"GET /channels/7
    GET /channels/seven
    PUT /channels/{random}/permissions/7 {"type":0}
    DELETE /channels/{random}/permissions/7
    GET /channels/{random}/thread-members
    GET /users/7
    GET /guilds/7
    GET /webhooks/7/wrong
    GET /webhooks/{hook}/wrong
    GET /channels/{random}/messages?limit=0
    GET /channels/{random}/messages/7
    POST /channels/{random}/messages {"content":""}
    POST /channels/{random}/messages {nonsense
    POST /channels/{random}/webhooks {"name":"clyde"}
    POST /webhooks/{hook/} {"embeds":[{"title":"t"},{"fields":[{"name":"","value":"v"}]}],"username":"discord"}
    POST /webhooks/{hook/} {"content":"x","thread_name":"t"}
    forum bug
    POST /interactions/7/wrong/callback {"type":4}
    POST /interactions/{i1/}/callback {"type":4}
    POST /webhooks/{bot}/wrong {"content":"x"}
    PUT /applications/7/commands []
    PUT /applications/{bot}/commands [{"name":"A B"}]
    strict forum true
    POST /channels/{forum}/threads {"name":"bare","message":{"content":"x"}}
    fault {"on":{"kind":"channel"},"do":{"fault":"shared_too_many","retry_ms":1}}
    GET /channels/{random}"#;

#[test]
fn every_route_answers_as_the_file_says() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut stage = Stage::new(Config { unlimited: true, ..Default::default() });
        for line in WALK.lines().map(str::trim) {
            stage.step(line).await;
        }
        rich(&stage).await;
        let walked: BTreeSet<RouteKind> = stage
            .discord
            .requests(&Filter::default())
            .into_iter()
            .filter(|request| matches!(request.status, Some(200..300)))
            .map(|request| request.kind)
            .collect();
        let missing: Vec<_> = kinds().into_iter().filter(|kind| !walked.contains(kind)).collect();
        assert_eq!(missing, [RouteKind::Unknown], "routes that the walk leaves out");
        for line in ERRORS.lines().map(str::trim) {
            stage.step(line).await;
        }
    });
}

/// Messages with all that there can be in one, and what the language of the stories has no word for.
async fn rich(stage: &Stage) {
    let discord = &stage.discord;
    let guild = discord.create_guild("other");
    let (channel, alice) = (discord.create_channel(guild, "rich"), discord.create_user("Alice"));
    let said = Said {
        files: vec![File { content_type: "image/png".to_owned(), ..File::new("a.png", "bytes") }],
        stickers: vec![json!({"id": "1", "name": "wave", "format_type": 1})],
        ..Said::default()
    };
    let message = discord.say_with(channel, alice, "all of it", said);
    discord.start_thread(channel, message, alice, "about it");
    let reference = json!({"type": 1, "channel_id": channel.to_string(), "message_id": message.to_string()});
    let snapshot = json!({"message": {
        "type": 0, "content": "x", "mentions": [], "mention_roles": [], "attachments": [], "embeds": [],
        "timestamp": "2026-01-01T00:00:00.000000+00:00", "edited_timestamp": null, "flags": 0, "components": [],
    }});
    let forward =
        Said { forward: Some(reference), snapshots: vec![snapshot], flags: 1 << 14, ..Said::default() };
    discord.say_with(channel, alice, "", forward);
    let hook = discord.create_webhook(channel, "hook", alice);
    let path = format!("/webhooks/{hook}/{}", discord.webhook_token(hook).unwrap());
    let http = Http::new(&discord.api_url(), &Config::default().token);
    let sent = format!("{path}?wait=true");
    let described =
        r#"{"attachments":[{"id":0,"description":"d"}],"flags":4,"allowed_mentions":{"parse":[]}}"#;
    let got = http.upload("POST", &sent, described, &[("a.txt", b"a")]).await;
    let crate::http::Got::Answer { body, .. } = got else { panic!("no answer") };
    let copy = format!("{path}/messages/{}", body["id"].as_str().unwrap());
    let urls = json!({"attachment_urls": [body["attachments"][0]["url"]]}).to_string();
    http.send("POST", "/attachments/refresh-urls", Some(&urls), 1000).await;
    http.send("GET", &copy, None, 1000).await;
    http.send("PATCH", &copy, Some(r#"{"content":"edited"}"#), 1000).await;
    http.send("DELETE", &copy, None, 1000).await;
    http.send("GET", &format!("/channels/{channel}/messages"), None, 1000).await;
    http.send("DELETE", &path, None, 1000).await;
    http.send("DELETE", &format!("/channels/{channel}"), None, 1000).await;
}

/// All kinds of routes: serde lists them when it meets one that is none of them.
fn kinds() -> Vec<RouteKind> {
    let refusal = serde_json::from_value::<RouteKind>(json!("none")).unwrap_err().to_string();
    let names = refusal.split('`').skip(3).step_by(2);
    names.map(|name| serde_json::from_value(json!(name)).unwrap()).collect()
}
