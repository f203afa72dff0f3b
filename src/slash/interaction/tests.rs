use super::*;
use serde_json::json;

fn frame(kind: u8, data: &Value) -> String {
    let member = json!({"user": {"id": "7"}, "permissions": "536870928"});
    json!({"op": 0, "d": {"id": "1", "application_id": "2", "token": "tok", "type": kind, "version": 1,
        "guild_id": "41", "channel_id": "42", "member": member, "data": data}})
    .to_string()
}

fn command(name: &str, options: &Value) -> String {
    frame(
        2,
        &json!({"id": "3", "name": "mirror", "type": 1, "options": [{"type": 1, "name": name, "options": options}]}),
    )
}

#[allow(clippy::needless_pass_by_value, reason = "a table reads better with values")]
fn check(frame: &str, expected: Option<Wish>) {
    assert_eq!(read(frame).map(|interaction| interaction.wish), expected, "{frame}");
}

#[test]
fn commands_are_read() {
    let option = |name: &str, value: Value| json!({"name": name, "type": 3, "value": value});
    let mirror = || option("mirror", json!(" lounge "));
    let wish = |channel: Option<&str>, part, backfill| Wish::Link {
        mirror: "lounge".into(),
        channel: channel.map(str::to_owned),
        part,
        backfill,
    };
    check(&command("link", &json!([mirror()])), Some(wish(None, (true, true), false)));
    let all = json!([
        mirror(),
        option("channel", json!("<#9>")),
        option("part", json!("receive")),
        option("backfill", json!(true))
    ]);
    check(&command("link", &all), Some(wish(Some("<#9>"), (false, true), true)));
    check(
        &command("link", &json!([mirror(), option("part", json!("publish"))])),
        Some(wish(None, (true, false), false)),
    );
    check(&command("accept", &json!([])), Some(Wish::Accept));
    check(&command("list", &json!([])), Some(Wish::List));
    check(&command("status", &json!([])), Some(Wish::Status));
    check(&command("forget-me", &json!([])), Some(Wish::ForgetMe));
    check(&command("cut", &json!([mirror()])), Some(Wish::Cut { mirror: "lounge".into(), channel: None }));
    let ban = |lift: bool| Wish::Ban { mirror: "lounge".into(), user: UserId(77), purge: !lift, lift };
    let whom = option("user", json!("77"));
    check(&command("ban", &json!([mirror(), whom, option("purge", json!(true))])), Some(ban(false)));
    check(&command("unban", &json!([mirror(), whom])), Some(ban(true)));
    check(
        &command("lineage", &json!([option("message", json!("9"))])),
        Some(Wish::Lineage { message: "9".into() }),
    );
}

/// What cannot be meant is unknown, and what is not for us is nothing.
#[test]
fn odd_interactions_are_harmless() {
    check(&command("link", &json!([])), Some(Wish::Unknown));
    check(&command("link", &json!([{"name": "mirror", "type": 3, "value": 7}])), Some(Wish::Unknown));
    check(&command("explode", &json!([])), Some(Wish::Unknown));
    check(&frame(2, &json!({"name": "other", "options": []})), Some(Wish::Unknown));
    check(&frame(2, &json!({"name": "mirror"})), Some(Wish::Unknown));
    check(&frame(4, &json!({"name": "mirror"})), None);
    check(&frame(1, &json!(null)), None);
    check("{}", None);
    check("", None);
    check(r#"{"d":{"id":"x","token":"t","type":2,"channel_id":"1","user":{"id":"1"},"data":{}}}"#, None);
}

#[test]
fn buttons_are_read_as_we_write_them_and_not_otherwise() {
    let request = EventId(Uuid::from_u128(0xabcdef));
    let pressed = |custom_id: &str| frame(3, &json!({"custom_id": custom_id, "component_type": 2}));
    for accept in [true, false] {
        check(&pressed(&custom_id(request, accept)), Some(Wish::Answer { request, accept }));
    }
    let id = custom_id(request, true);
    let hyphenated = format!("mirror:accept:{}", request.0);
    for forged in [
        "",
        "mirror:accept:",
        "mirror:accept:zz",
        "mirror:linkall:1",
        &id.to_uppercase(),
        &hyphenated,
        &format!("{id}0"),
        &format!(" {id}"),
    ] {
        check(&pressed(forged), Some(Wish::Unknown));
    }
}

#[test]
fn rights_come_with_it_and_a_direct_message_has_none() {
    let scene = read(&command("list", &json!([]))).unwrap().scene;
    let powers = Powers::MANAGE_CHANNELS | Powers::MANAGE_WEBHOOKS;
    let there = Scene { guild: Some(GuildId(41)), channel: ChannelId(42), user: UserId(7), powers };
    assert_eq!(scene, there);
    let direct = r#"{"d":{"id":"1","token":"t","type":2,"channel_id":"5","user":{"id":"7"},"data":{"name":"mirror","options":[{"name":"list"}]}}}"#;
    let direct = read(direct).unwrap();
    assert_eq!(
        direct.scene,
        Scene { guild: None, channel: ChannelId(5), user: UserId(7), powers: Powers::NONE }
    );
    assert!(!format!("{direct:?}").contains("\"t\""), "the token is not shown");
}
