//! The terminal: commands in, happenings out.

use std::io::IsTerminal;

use serde_json::Value;
use standin::{Actor, Happening, Shown, Standin};
use tokio::{
    io::{AsyncBufReadExt, BufReader, stdin},
    sync::broadcast::error::RecvError,
};

/// Longest piece of a text that is shown.
const TEXT_MAX: usize = 100;

/// Runs until `quit`, SIGINT, or (on a terminal) the end of the input.
pub(crate) async fn attend(discord: &Standin, quiet: bool) {
    let mut happenings = discord.subscribe();
    let mut lines = BufReader::new(stdin()).lines();
    let mut open = true;
    loop {
        tokio::select! {
            line = lines.next_line(), if open => match line {
                Ok(Some(line)) if line.trim() == "quit" => return,
                Ok(Some(line)) => obey(discord, &line),
                // Without a terminal (a service, `< /dev/null`) it serves on.
                _ if std::io::stdin().is_terminal() => return,
                _ => open = false,
            },
            happening = happenings.recv() => match happening {
                Ok(happening) if !quiet => println!("{}", told(discord, &happening)),
                Err(RecvError::Closed) => return,
                Err(RecvError::Lagged(missed)) if !quiet => println!("... {missed} more"),
                _ => {}
            },
            _ = tokio::signal::ctrl_c() => return,
        }
    }
}

fn obey(discord: &Standin, line: &str) {
    if line.trim().is_empty() {
        return;
    }
    match discord.obey(line) {
        Ok(value) if value.get("interaction").is_some() => {
            println!("{}", answer(&value));
            let discord = discord.clone();
            // Other lines are obeyed while the bot thinks.
            tokio::spawn(async move { println!("{}", replied(&discord.with_reply(value).await)) });
        }
        Ok(value) => println!("{}", answer(&value)),
        Err(error) => println!("{error}"),
    }
}

/// A bot's answer for people: the text, then its embeds, then its buttons with their custom ids.
fn replied(value: &Value) -> String {
    let (interaction, reply) = (value["interaction"].as_str().unwrap_or_default(), &value["reply"]);
    if reply.is_null() {
        return format!("= {interaction} the bot did not answer");
    }
    let way = if reply["ephemeral"] == true { " (for one person)" } else { "" };
    let mut text = format!("= {interaction}{way}: {}", reply["content"].as_str().unwrap_or_default());
    for embed in reply["embeds"].as_array().into_iter().flatten() {
        text.push_str(&format!("\n  embed {embed}"));
    }
    for row in reply["components"].as_array().into_iter().flatten() {
        for button in row["components"].as_array().into_iter().flatten() {
            let part = |name: &str| button[name].as_str().unwrap_or_default();
            text.push_str(&format!("\n  [{}] {}", part("label"), part("custom_id")));
        }
    }
    text
}

/// An answer for people: help as it is, messages as lines, else JSON.
fn answer(value: &Value) -> String {
    if let Some(help) = value["help"].as_str() {
        return format!("{help}  {:<36} ends the stand-in", "quit");
    }
    let Some(messages) = value.as_array() else { return value.to_string() };
    let text = |message: &Value, name: &str| message[name].as_str().unwrap_or_default().to_owned();
    let line = |message| {
        format!("{} {}: {}", text(message, "id"), text(message, "name"), cut(&text(message, "content")))
    };
    messages.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn cut(text: &str) -> String {
    let mut shown: String = text.replace('\n', " / ").chars().take(TEXT_MAX).collect();
    if text.chars().count() > TEXT_MAX {
        shown.push('…');
    }
    shown
}

fn told(discord: &Standin, happening: &Happening) -> String {
    let place = |channel: &u64| discord.channel_name(*channel);
    match happening {
        Happening::Posted(shown, actor) => format!("+ {} {}", place(&shown.channel), message(shown, *actor)),
        Happening::Edited(shown, actor) => format!("~ {} {}", place(&shown.channel), message(shown, *actor)),
        Happening::Deleted { channel, ids, actor } => {
            format!("- {} {} by {}", place(channel), list(ids), name(*actor))
        }
        Happening::ChannelGone(channel) => format!("- channel {channel}"),
        Happening::WebhookMade { channel, webhook } => format!("+ {} webhook {webhook}", place(channel)),
        Happening::WebhookGone { channel, webhook } => format!("- {} webhook {webhook}", place(channel)),
        Happening::Identified => "* a bot has identified".to_owned(),
        Happening::Resumed { replayed } => format!("* a bot has resumed; {replayed} dispatches replayed"),
        Happening::Disconnected => "* a bot has gone".to_owned(),
        Happening::TooMany => "! 429".to_owned(),
        Happening::Fault(fault) => format!("! fault {fault}"),
    }
}

fn message(shown: &Shown, actor: Actor) -> String {
    let Shown { id, name, content, .. } = shown;
    let way = if matches!(actor, Actor::Webhook(_)) { " (webhook)" } else { "" };
    format!("{id} {name}{way}: {}", cut(content))
}

fn list(ids: &[u64]) -> String {
    match ids {
        [one] => one.to_string(),
        many => format!("{} messages", many.len()),
    }
}

fn name(actor: Actor) -> String {
    match actor {
        Actor::User(id) => format!("user {id}"),
        Actor::Moderator => "a moderator".to_owned(),
        Actor::Bot => "the bot".to_owned(),
        Actor::Webhook(id) => format!("webhook {id}"),
    }
}
