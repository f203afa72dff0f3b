//! `servers`: brings up the real servers that tests need. `tools/services` calls it.

use std::{
    fs::{self, File},
    io::Write,
    net::TcpStream,
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
};

use clap::{Parser, Subcommand};
use servers::services::{self, Choice, Pair, State};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

const EXAMPLES: &str = "Examples:
  eval \"$(tools/services up)\"      servers on 127.0.0.1, and MIRROR_TEST_RABBITMQ, _AMQP, _CQL in this shell
  cargo test --test cluster        tests that use them
  tools/services status            what runs
  tools/services down              ends them and removes their data
  MIRROR_SERVICES_PORT=26200 tools/services up
                                   twenty ports from 26200

With a working Docker or Podman: RabbitMQ 4 and ScyllaDB by compose.yaml. Without one, on Debian: RabbitMQ 4 and Apache
Cassandra 5, downloaded once into the user's cache folder and unpacked there; nothing is installed.";

/// Brings up RabbitMQ 4 with streams and a CQL server on 127.0.0.1 for tests.
#[derive(Parser)]
#[command(name = "servers", version, after_help = EXAMPLES)]
struct Cli {
    /// Folder of state and data.
    #[arg(long, global = true, default_value = "target/services")]
    dir: PathBuf,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Starts both and prints what a shell evaluates to find them. They run until `down`.
    Up(Wanted),
    /// Ends both and removes their data.
    Down,
    /// Says what runs. Ends with 1 if nothing does.
    Status,
    /// Starts both, prints the same, and ends them when stdin closes.
    Run(Run),
}

#[derive(clap::Args)]
struct Wanted {
    /// RabbitMQ also listens with TLS; the CA is in MIRROR_TEST_CA.
    #[arg(long)]
    tls: bool,
    /// Unpacked servers, even where a container engine works.
    #[arg(long)]
    recipes: bool,
    /// The first of twenty ports; 0 takes free ones.
    #[arg(long, env = "MIRROR_SERVICES_PORT", default_value_t = 26_100)]
    port: u16,
}

#[derive(clap::Args)]
struct Run {
    #[command(flatten)]
    wanted: Wanted,
    /// Ends on SIGTERM alone.
    #[arg(long, hide = true)]
    detached: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.verb {
        Verb::Up(wanted) => up(&cli.dir, wanted).await,
        Verb::Down => down(&cli.dir).await,
        Verb::Status => status(&cli.dir),
        Verb::Run(run) => hold(&cli.dir, run).await,
    };
    done.unwrap_or_else(|error| {
        eprintln!("servers: {error}");
        ExitCode::from(2)
    })
}

type Done = Result<ExitCode, Box<dyn std::error::Error>>;

async fn up(dir: &Path, wanted: &Wanted) -> Done {
    let _turn = services::one_at_a_time(dir)?;
    if let Some(state) = services::running(dir)? {
        eprintln!("servers: up already: {}", state.by);
        say(&state.exports);
        return Ok(ExitCode::SUCCESS);
    }
    let log = dir.join("owner.log");
    let mut owner = Command::new(std::env::current_exe()?);
    owner.arg("--dir").arg(dir).args(["run", "--detached", "--port", &wanted.port.to_string()]);
    owner.args(wanted.tls.then_some("--tls")).args(wanted.recipes.then_some("--recipes"));
    owner.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(&log)?);
    let mut owner = owner.spawn()?;
    let stdout = owner.stdout.take().ok_or("no pipe to the owner")?;
    let mut lines = BufReader::new(stdout).lines();
    let mut exports = String::new();
    while let Some(line) = lines.next_line().await? {
        if line == READY {
            say(&exports);
            return Ok(ExitCode::SUCCESS);
        }
        exports += &(line + "\n");
    }
    Err(fs::read_to_string(&log)?.trim().trim_start_matches("servers: ").into())
}

async fn down(dir: &Path) -> Done {
    let _turn = services::one_at_a_time(dir)?;
    let was_up = services::down(dir).await?;
    eprintln!("servers: {}", if was_up { "ended, and their data removed" } else { "none were up" });
    Ok(ExitCode::SUCCESS)
}

fn status(dir: &Path) -> Done {
    let _turn = services::one_at_a_time(dir)?;
    let Some(state) = services::running(dir)? else {
        say("down: nothing runs; `tools/services up` starts it\n");
        return Ok(ExitCode::from(1));
    };
    let mut text = format!("up: {}, held by process {}\n", state.by, state.pid);
    for (name, port) in &state.ports {
        let listens =
            if TcpStream::connect(("127.0.0.1", *port)).is_ok() { "listens" } else { "DOES NOT LISTEN" };
        text += &format!("  {name:<26} 127.0.0.1:{port} {listens}\n");
    }
    say(&(text + &state.exports));
    Ok(ExitCode::SUCCESS)
}

/// To standard output, whether or not anybody reads to the end.
fn say(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Follows the exports: whoever reads them knows that all are there.
const READY: &str = "# ready";

async fn hold(dir: &Path, run: &Run) -> Done {
    if run.detached {
        // Of no terminal: closing it must not end what stays until `down`.
        let _ = rustix::process::setsid();
    }
    let base_port = Some(run.wanted.port).filter(|port| *port != 0);
    let (dir, tls, recipes) = (dir.to_owned(), run.wanted.tls, run.wanted.recipes);
    let choice = Choice { dir, base_port, tls, recipes };
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let detached = run.detached;
    let asked = async {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv(), if !detached => {}
            () = stdin_closed(), if !detached => {}
        }
    };
    tokio::pin!(asked);
    let started = tokio::select! {
        started = Box::pin(Pair::start(&choice)) => started,
        () = &mut asked => return Ok(ExitCode::SUCCESS),
    };
    let (pair, state) = started?;
    announce(&state)?;
    asked.await;
    pair.end().await?;
    Ok(ExitCode::SUCCESS)
}

fn announce(state: &State) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}{READY}", state.exports)?;
    out.flush()
}

async fn stdin_closed() {
    let (closed, wait) = oneshot::channel();
    // A thread of its own: the runtime would wait at its end for a read that never returns.
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = closed.send(());
    });
    let _ = wait.await;
}
