//! `discord-standin`: a small Discord for people to point a bot at.

mod terminal;

use std::{io::IsTerminal, path::PathBuf, process::ExitCode};

use clap::Parser;
use standin::{Config, Faults, Limits, Standin};

const EXAMPLES: &str = "Examples:
  discord-standin                                  two guilds on port 4010, limits as documented
  discord-standin --unlimited --channels 5         no rate limits
  discord-standin --faults lively=0.05 --seed 7    every fault of the webhook routes, 5 % each
  discord-standin --faults plan.toml               a plan: see below

While it runs, type commands (`help` lists them), or drive it from elsewhere:
  curl -d 'say #general alice hello' http://127.0.0.1:4010/standin/do
  curl -d 'slash #general alice /mirror list' http://127.0.0.1:4010/standin/do    (waits for the bot's answer)
  curl -d 'press last Cancel alice' http://127.0.0.1:4010/standin/do
  curl -d '{\"channel\":\"general\",\"user\":\"alice\",\"text\":\"hello\"}' http://127.0.0.1:4010/standin/say
  curl http://127.0.0.1:4010/standin/messages?channel=general
  curl http://127.0.0.1:4010/standin/ledger?faulty=1

A plan of faults (TOML; the same as JSON goes to PUT /standin/faults):
  [[script]]                      # the third execute loses its response
  on = { kind = \"execute_webhook\" }
  nth = 3
  do = { fault = \"lost_response\" }
  [[rates]]                       # 2 % of all requests are answered 502, after their effect
  p = 0.02
  do = { fault = \"error_after_effect\", status = 502 }
  [[gateway_rates]]
  p = 0.01
  do = { fault = \"duplicate\" }
REST faults: lost_response, late_effect {effect_ms, answer_ms}, error_after_effect {status}, error_before_effect {status},
  cut_before_effect, refuse {for_ms}, bare_too_many, user_too_many {retry_ms}, shared_too_many {retry_ms},
  global_too_many {retry_ms}, blocked {for_ms}, history_lost {for_ms}, history_lag {lag_ms, for_ms}.
Gateway faults: duplicate, drop, reorder {window}, cut, session_lost, reconnect,
  invalid {resumable}, beat, close {code}, zombie; `event = \"HELLO\"`, `IDENTIFY` or `RESUME` strikes there.";

/// A small Discord on 127.0.0.1: gateway, REST, webhooks, rate limits, and faults on demand.
#[derive(Parser)]
#[command(name = "discord-standin", version, after_long_help = EXAMPLES, after_help = "`--help` shows examples.")]
struct Cli {
    /// Port of 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 4010)]
    port: u16,
    /// The token that the bot must present.
    #[arg(long, default_value = "standin-bot-token", hide_env_values = true, env = "STANDIN_TOKEN")]
    token: String,
    /// Guilds to begin with.
    #[arg(long, default_value_t = 2)]
    guilds: u32,
    /// Text channels in each guild: #general, #random, #channel-3, ...
    #[arg(long, default_value_t = 2)]
    channels: u32,
    /// No rate limits.
    #[arg(long, conflicts_with = "hidden_limit")]
    unlimited: bool,
    /// Also 30 webhook messages a minute and channel, which no header announces.
    #[arg(long)]
    hidden_limit: bool,
    /// Seeds tokens and the dice of the faults.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A plan of faults: a TOML file, `lively`, or `lively=RATE` (0 to 1; 0.02 if not said).
    #[arg(long, value_name = "FILE|lively[=RATE]")]
    faults: Option<String>,
    /// Prints nothing while it runs.
    #[arg(long, short)]
    quiet: bool,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("discord-standin: {message}");
            ExitCode::from(2)
        }
    }
}

fn run(cli: &Cli) -> Result<(), String> {
    let limits = if cli.hidden_limit { Limits::with_hidden_channel_limit() } else { Limits::default() };
    let config = Config {
        port: cli.port,
        token: cli.token.clone(),
        seed: cli.seed,
        unlimited: cli.unlimited,
        limits,
        faults: faults(cli.faults.as_deref())?,
        ..Config::default()
    };
    let discord = Standin::start(config).map_err(|error| format!("{error}; choose another --port, or 0"))?;
    furnish(&discord, cli);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(terminal::attend(&discord, cli.quiet));
    runtime.shutdown_background();
    Ok(())
}

fn faults(asked: Option<&str>) -> Result<Faults, String> {
    const LATE_MS: u64 = 12_000;
    let Some(asked) = asked else { return Ok(Faults::none()) };
    if let Some(rate) = asked.strip_prefix("lively") {
        let rate = if rate.is_empty() { Ok(0.02) } else { rate.trim_start_matches('=').parse() };
        let rate = rate.ok().filter(|rate| (0.0..=1.0).contains(rate));
        return rate
            .map(|p| Faults::lively(p, LATE_MS))
            .ok_or(format!("--faults {asked}: the rate is a number from 0 to 1"));
    }
    let text = std::fs::read_to_string(PathBuf::from(asked));
    let text =
        text.map_err(|error| format!("--faults {asked}: {error} (write a file, `lively` or `lively=0.05`)"))?;
    toml::from_str(&text).map_err(|error| format!("--faults {asked}: {error}"))
}

/// Makes the guilds and channels, and says how to point a bot at them.
fn furnish(discord: &Standin, cli: &Cli) {
    println!("A small Discord listens on {}.\n", discord.addr());
    for number in 1..=cli.guilds {
        let name = format!("guild-{number}");
        let guild = discord.create_guild(&name);
        println!("  {name:<14} {guild}");
        for channel in 1..=cli.channels {
            let name = match channel {
                1 => "general".to_owned(),
                2 => "random".to_owned(),
                _ => format!("channel-{channel}"),
            };
            println!("    #{name:<13} {}", discord.create_channel(guild, &name));
        }
    }
    println!("\nPoint a bot at it (for `mirror run`):\n");
    println!("  export MIRROR_DISCORD_TOKEN={}", cli.token);
    println!("  export MIRROR_DISCORD_API={}", discord.api_url());
    println!("  export MIRROR_DISCORD_GATEWAY={}\n", discord.gateway_url());
    if std::io::stdin().is_terminal() {
        println!("Type `say guild-1/general alice hello`; `help` lists the commands, `quit` ends it.");
    }
}
