//! A server process that cannot outlive its owner.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::{Child, ChildStdin, Command},
    time::{self, Instant, MissedTickBehavior},
};

use crate::{
    Error,
    cache::{end_of, text},
    error::Doing,
};

const GUARD: &str = include_str!("../assets/guard.sh");
/// How often readiness is asked for.
const ASK_EVERY: Duration = Duration::from_millis(50);
/// A server that was asked to stop is killed after this.
const STOP_MAX: Duration = Duration::from_secs(30);
/// Between two looks whether a server that was told to stands still, and how long that may take.
const LOOK_EVERY: Duration = Duration::from_millis(2);
const FREEZE_MAX: Duration = Duration::from_secs(20);
/// The guard says the server's pid within this.
const PID_MAX: Duration = Duration::from_secs(20);
/// Bytes of a log's end that an error shows.
const TAIL_BYTES_MAX: usize = 8_000;

/// One run of a server: its guard, which holds it, and the pid of the server itself.
///
/// Dropping it closes the guard's stdin, and with that kills everything that the server started.
#[derive(Debug)]
pub(crate) struct Guarded {
    server: &'static str,
    log: PathBuf,
    guard: Child,
    _hold: Option<ChildStdin>,
    pid: Pid,
}

impl Guarded {
    /// Starts `command` under a guard. `data` gets the guard, the pid file and `server`'s output.
    pub(crate) async fn start(server: &'static str, data: &Path, command: &[String]) -> Result<Self, Error> {
        let (script, pidfile, log) = (data.join("guard.sh"), data.join("server.pid"), data.join("out.log"));
        fs::write(&script, GUARD).doing("writing the guard")?;
        // A pid of an earlier run must not be taken for this one's.
        let _ = fs::remove_file(&pidfile);
        let mut guard = Command::new("sh");
        // In its data folder, where it may leave what it likes.
        guard.args([text(&script), text(&pidfile), text(&log)]).args(command).current_dir(data);
        // A group of its own: Ctrl-C is for the owner, which decides what becomes of the server.
        guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let mut guard = guard.spawn().doing("starting the guard")?;
        let hold = guard.stdin.take();
        let pid = recorded_pid(server, &mut guard, &pidfile, &log).await?;
        Ok(Self { server, log, guard, _hold: hold, pid })
    }

    /// Waits until `ready` says so, while watching that the server lives.
    pub(crate) async fn until(
        &mut self,
        deadline: Duration,
        ready: impl AsyncFn() -> bool,
    ) -> Result<(), Error> {
        let start = Instant::now();
        let mut ticks = time::interval(ASK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while start.elapsed() < deadline {
            ticks.tick().await;
            if let Some(status) = self.guard.try_wait().doing("watching the server")? {
                return Err(ended(self.server, status, &self.log));
            }
            // A frozen server takes connections and never answers.
            if time::timeout(Duration::from_secs(2), ready()).await.unwrap_or(false) {
                return Ok(());
            }
        }
        let (server, log, tail) = (self.server, self.log.clone(), tail_of(&self.log));
        Err(Error::NotReady { server, waited: deadline, log, tail })
    }

    /// Sends a signal to the server itself.
    pub(crate) fn signal(&self, signal: Signal) -> Result<(), Error> {
        kill_process(self.pid, signal).doing(format!("signalling {}", self.server))
    }

    /// SIGSTOP, and waits until all of it stands still: on a busy machine its threads go on for a while.
    pub(crate) async fn freeze(&self) -> Result<(), Error> {
        self.signal(Signal::STOP)?;
        let start = Instant::now();
        let mut ticks = time::interval(LOOK_EVERY);
        while !is_stopped(self.pid()) {
            if start.elapsed() > FREEZE_MAX {
                let (server, log, tail) = (self.server, self.log.clone(), tail_of(&self.log));
                return Err(Error::NotReady { server, waited: FREEZE_MAX, log, tail });
            }
            ticks.tick().await;
        }
        Ok(())
    }

    /// SIGKILL, and waits until all of it is gone.
    pub(crate) async fn kill(mut self) -> Result<(), Error> {
        self.signal(Signal::KILL)?;
        self.guard.wait().await.doing("waiting for the guard").map(drop)
    }

    /// SIGTERM, and waits until all of it is gone; SIGKILL if that takes too long.
    pub(crate) async fn terminate(mut self) -> Result<(), Error> {
        self.signal(Signal::TERM)?;
        if time::timeout(STOP_MAX, self.guard.wait()).await.is_err() {
            return self.kill().await;
        }
        Ok(())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // The guard would do it a moment later; data folders are often removed right after this.
        if matches!(self.guard.try_wait(), Ok(None)) {
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }
}

async fn recorded_pid(
    server: &'static str,
    guard: &mut Child,
    pidfile: &Path,
    log: &Path,
) -> Result<Pid, Error> {
    let start = Instant::now();
    let mut ticks = time::interval(Duration::from_millis(10));
    while start.elapsed() < PID_MAX {
        ticks.tick().await;
        if let Some(pid) = fs::read_to_string(pidfile).ok().and_then(|text| parse_pid(&text)) {
            return Ok(pid);
        }
        if let Some(status) = guard.try_wait().doing("watching the guard")? {
            return Err(ended(server, status, log));
        }
    }
    Err(Error::NotReady { server, waited: PID_MAX, log: log.to_owned(), tail: tail_of(log) })
}

/// Whether each thread of a process is stopped. Source: proc(5), `/proc/pid/stat`. Where there is no such folder it is
/// taken to be so.
fn is_stopped(pid: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return true };
    threads.flatten().all(|thread| {
        // One that is gone meanwhile does nothing either.
        let Ok(stat) = fs::read_to_string(thread.path().join("stat")) else { return true };
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
    })
}

fn parse_pid(text: &str) -> Option<Pid> {
    text.trim().parse().ok().and_then(Pid::from_raw)
}

fn ended(server: &'static str, status: ExitStatus, log: &Path) -> Error {
    Error::Ended { server, status: status.to_string(), log: log.to_owned(), tail: tail_of(log) }
}

fn tail_of(log: &Path) -> String {
    let read = |log| -> io::Result<String> { Ok(String::from_utf8_lossy(&fs::read(log)?).into_owned()) };
    read(log).map_or_else(|error| format!("(no log: {error})"), |all| end_of(&all, TAIL_BYTES_MAX))
}
