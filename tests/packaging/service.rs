//! What systemd would do with the unit file, done by hand: a user made for it, a file system that is read-only but for the
//! state directory, the token as a credential, a socket to be told on, SIGTERM.
//!
//! The same as under systemd: paths, user, environment, working directory, no capabilities, no new privileges, umask,
//! /tmp of its own. Not the same: system calls are not filtered, users and devices are not private, nothing restarts it.

use crate::unit::Unit;
use standin::{Config, Standin};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);
const MIRROR: &str = "lounge";

/// A machine on which the service is installed. Only the user is real; all else lies in a directory that is put in place
/// for the service alone.
pub(crate) struct Host {
    unit: Unit,
    discord: Standin,
    author: u64,
    guild: u64,
    channels: [u64; 2],
    user: User,
    notified: UnixDatagram,
    root: TempDir,
}

/// What can be written.
#[derive(Clone, Copy)]
enum Open {
    /// What the service may write.
    State,
    /// What an operator may write besides.
    StateAndEtc,
}

/// As a pattern of the shell's.
fn state_pattern(state: &str) -> String {
    format!("'{state}'")
}

/// A user of the machine, until it is dropped.
struct User {
    name: String,
    id: u32,
}

impl User {
    fn make() -> Result<Self, String> {
        let name = format!("mirror-test-{}", std::process::id());
        let made = Command::new("useradd")
            .args(["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", &name])
            .output();
        let made = made.map_err(|error| format!("no user can be made: useradd: {error}"))?;
        if !made.status.success() {
            return Err(format!("no user can be made: {}", String::from_utf8_lossy(&made.stderr).trim()));
        }
        let id = Command::new("id").args(["-u", &name]).output().unwrap().stdout;
        let id = String::from_utf8(id).unwrap().trim().parse().unwrap();
        Ok(Self { name, id })
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let gone = Command::new("userdel").arg(&self.name).output();
        assert!(
            gone.is_ok_and(|gone| gone.status.success()) || std::thread::panicking(),
            "user {} stays",
            self.name
        );
    }
}

impl Host {
    /// Makes the user and lays everything out. The error says why this machine does not allow it.
    pub(crate) fn prepare(unit: Unit) -> Result<Self, String> {
        may_make_mounts()?;
        let user = User::make()?;
        let root = tempfile::tempdir().unwrap();
        for folder in ["bin", "state", "run/systemd", "run/credentials", "tmp"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        let copied = Command::new("cp").args(["--archive", "/etc"]).arg(root.path()).status().unwrap();
        assert!(copied.success());
        fs::create_dir_all(root.path().join("etc/mirror")).unwrap();
        let notified = UnixDatagram::bind(root.path().join("run/systemd/notify")).unwrap();
        notified.set_read_timeout(Some(PATIENCE)).unwrap();
        let discord = Standin::start(Config { unlimited: true, ..Config::default() }).unwrap();
        let guild = discord.create_guild("Harbour");
        let channels = ["one", "two"].map(|name| discord.create_channel(guild, name));
        let author = discord.create_user("Ada");
        let host = Self { unit, discord, author, guild, channels, user, notified, root };
        host.upgrade();
        let own = |folder: &str, mode: &str| host.give(&host.root.path().join(folder), mode);
        own("state", &host.unit.one("Service", "StateDirectoryMode"));
        own("etc/mirror", "0700");
        own("tmp", "0700");
        own("run/systemd/notify", "0666");
        Ok(host)
    }

    fn give(&self, path: &Path, mode: &str) {
        let id = self.user.id;
        let given = Command::new("chown").arg(format!("{id}:{id}")).arg(path).status().unwrap();
        assert!(given.success() && Command::new("chmod").arg(mode).arg(path).status().unwrap().success());
    }

    /// Puts a new binary in place of the old one, as packages do: another file under the same name.
    pub(crate) fn upgrade(&self) {
        let (new, place) = (self.root.path().join("bin/mirror.new"), self.root.path().join("bin/mirror"));
        fs::copy(env!("CARGO_BIN_EXE_mirror"), &new).unwrap();
        let before = fs::metadata(&place).ok().map(|old| old.ino());
        fs::rename(&new, &place).unwrap();
        assert_ne!(before, Some(fs::metadata(&place).unwrap().ino()));
    }

    /// A script that makes the service's file system, then becomes `words` as its user. `umask`, groups and capabilities
    /// are those of the unit.
    fn script(&self, words: &[String], variables: &[(String, String)], open: Open) -> String {
        let root = self.root.path().display();
        let bin = Path::new(&self.program()).parent().unwrap().display().to_string();
        let open = match open {
            Open::State => state_pattern(&self.state_path()),
            Open::StateAndEtc => state_pattern(&self.state_path()) + "|/etc",
        };
        let (state, id, umask) = (self.state_path(), self.user.id, self.unit.one("Service", "UMask"));
        let quoted = |text: &String| format!("'{}'", text.replace('\'', r"'\''"));
        let words: Vec<_> = words.iter().map(quoted).collect();
        let variables: Vec<_> =
            variables.iter().map(|(key, value)| format!("{key}={}", quoted(value))).collect();
        format!(
            "set -e
            mount --bind '{root}/bin' '{bin}'
            mount --bind '{root}/etc' /etc
            mount -t tmpfs tmpfs /var/lib && mkdir -p '{state}'
            mount --bind '{root}/state' '{state}'
            mount --bind '{root}/run' /run
            mount --bind '{root}/tmp' /tmp
            for at in $(awk '{{print $5}}' /proc/self/mountinfo); do
                case \"$at\" in
                    /proc|/proc/*|/sys|/sys/*|/dev|/dev/*|/tmp|{open}) ;;
                    *) mount -o remount,bind,ro \"$at\" || echo \"$at stays as it is\" >&2 ;;
                esac
            done
            umask {umask}
            cd /
            exec env -i PATH=/usr/bin:/bin {} setpriv --reuid {id} --regid {id} --clear-groups --no-new-privs \
             --bounding-set=-all --inh-caps=-all --ambient-caps=-all {}",
            variables.join(" "),
            words.join(" "),
        )
    }

    fn inside(&self, words: &[String], variables: &[(String, String)], open: Open) -> Command {
        let mut command = Command::new("unshare");
        let script = self.script(words, variables, open);
        command.args(["--mount", "--propagation", "private", "sh", "-c", &script]);
        command.stdin(Stdio::null());
        command
    }

    fn program(&self) -> String {
        self.unit.words("Service", "ExecStart")[0].clone()
    }

    fn state_path(&self) -> String {
        format!("/var/lib/{}", self.unit.one("Service", "StateDirectory"))
    }

    /// The unit's variables, its specifiers filled in, and where the stand-in is.
    fn variables(&self) -> Vec<(String, String)> {
        let credentials = "/run/credentials/mirror.service";
        let filled = |text: String| text.replace("%S", "/var/lib").replace("%d", credentials);
        let said = self.unit.words("Service", "Environment").into_iter().map(filled);
        let pair = |text: String| text.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
        said.filter_map(pair).collect()
    }

    /// A command of the operator's, as the service's user, with the service's configuration.
    fn ask(&self, words: &[&str], open: Open) -> Output {
        let config = ["--config", "/etc/mirror/mirror.toml"];
        let program = self.program();
        let words = [&[program.as_str()], words, &config].concat();
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        self.inside(&words, &[], open).output().unwrap()
    }

    pub(crate) fn done(&self, words: &[&str]) {
        let output = self.ask(words, Open::State);
        assert!(output.status.success(), "mirror {words:?}: {output:?}");
    }

    /// `mirror init`, as docs/install.md says: run by the operator, so for it alone /etc can be written.
    pub(crate) fn init(&self) {
        let token = self.root.path().join("etc/mirror/mirror.token");
        fs::write(&token, "standin-bot-token\n").unwrap();
        self.give(&token, "0600");
        let (api, gateway, state) = (self.discord.api_url(), self.discord.gateway_url(), self.state_path());
        let words =
            ["--data-dir", &state, "--token-file", "/etc/mirror/mirror.token", "--yes", "--api", &api];
        let words = [&["init"], &words[..], &["--gateway", &gateway]].concat();
        let refused = self.ask(&words, Open::State);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains("Read-only file system"), "{said}");
        let output = self.ask(&words, Open::StateAndEtc);
        assert!(output.status.success(), "{output:?}");
        assert!(self.root.path().join("etc/mirror/mirror.toml").is_file());
    }

    pub(crate) fn link_all(&self) {
        for channel in self.channels {
            let address = format!("https://discord.com/channels/{}/{channel}", self.guild);
            self.done(&["link", MIRROR, &address]);
        }
    }

    /// The credential, as systemd lays it down: for the user alone, from the file that the unit names.
    fn credential(&self, token: Option<&str>) {
        let credential = self.unit.one("Service", "LoadCredential");
        let (name, file) = credential.split_once(':').unwrap();
        let folder = self.root.path().join("run/credentials/mirror.service");
        fs::create_dir_all(&folder).unwrap();
        let from = self.root.path().join(file.trim_start_matches('/'));
        let text = token.map_or_else(|| fs::read_to_string(from).unwrap(), str::to_owned);
        fs::write(folder.join(name), text).unwrap();
        self.give(&folder.join(name), "0400");
        self.give(&folder, "0500");
    }

    /// Starts the service, and waits until it says that it is ready.
    pub(crate) fn start(&self) -> Service {
        self.credential(None);
        let log = self.root.path().join("log");
        let out = fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let mut command = self.command();
        command.stdout(out.try_clone().unwrap()).stderr(out);
        let mut service = Service { child: command.spawn().unwrap(), log };
        let mut bytes = [0; 256];
        let told = self.notified.recv(&mut bytes);
        let told = told.map(|count| String::from_utf8_lossy(&bytes[..count]).into_owned());
        assert_eq!(told.unwrap_or_else(|error| panic!("{error}; {}", service.said())), "READY=1");
        assert!(service.child.try_wait().unwrap().is_none(), "{}", service.said());
        service
    }

    fn command(&self) -> Command {
        let notify = ("NOTIFY_SOCKET".to_owned(), "/run/systemd/notify".to_owned());
        let variables: Vec<_> = self.variables().into_iter().chain([notify]).collect();
        self.inside(&self.unit.words("Service", "ExecStart"), &variables, Open::State)
    }

    /// Stops the service as systemd does.
    pub(crate) async fn stop(&self, mut service: Service) {
        let limit = Duration::from_secs(self.unit.one("Service", "TimeoutStopSec").parse().unwrap());
        let began = Instant::now();
        service.signal("TERM");
        let code = loop {
            if let Some(ended) = service.child.try_wait().unwrap() {
                break ended.code();
            }
            assert!(began.elapsed() < limit, "systemd would kill it now; {}", service.said());
            tokio::time::sleep(LOOK).await;
        };
        assert_eq!(code, Some(0), "{}", service.said());
        let mut bytes = [0; 256];
        let count = self.notified.recv(&mut bytes).unwrap();
        assert_eq!(&bytes[..count], b"STOPPING=1");
    }

    /// Even root, in the service's file system, is refused everywhere but in its state.
    pub(crate) fn nothing_else_can_be_written(&self, service: &Service) {
        let state = self.state_path();
        let places =
            ["/", "/usr", "/usr/local/bin", "/etc", "/etc/mirror", "/var/lib", "/run", "/home", "/root"];
        for place in places.into_iter().filter(|place| Path::new(place).is_dir() || place.contains("mirror"))
        {
            let written = service.enter(&format!("touch '{place}/written'"));
            let said = String::from_utf8_lossy(&written.stderr).into_owned();
            assert!(said.contains("Read-only file system"), "{place}: {said}");
        }
        let written = service.enter(&format!("touch '{state}/written' && rm '{state}/written'"));
        assert!(written.status.success(), "{written:?}");
        let status = service.enter(&format!("cat /proc/{}/status", service.child.id()));
        let status = String::from_utf8_lossy(&status.stdout).into_owned();
        let line =
            |name: &str| status.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
        let id = self.user.id;
        assert_eq!(line("Uid:"), format!("Uid:\t{id}\t{id}\t{id}\t{id}"));
        assert_eq!(line("NoNewPrivs:"), "NoNewPrivs:\t1");
        assert_eq!(line("CapBnd:"), "CapBnd:\t0000000000000000");
    }

    /// Says something in one channel, and waits for the copy in the other.
    pub(crate) async fn say_and_see(&self, channel: usize, text: &str) {
        self.discord.say(self.channels[channel], self.author, text);
        let began = Instant::now();
        while !self.texts(1 - channel).iter().any(|copy| copy == text) {
            assert!(began.elapsed() < PATIENCE, "no copy of {text:?}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What webhooks posted in a channel.
    pub(crate) fn texts(&self, channel: usize) -> Vec<String> {
        let mut shown = self.discord.messages(self.channels[channel]);
        shown.retain(|message| message.webhook.is_some());
        shown.iter().map(|message| message.content.to_string()).collect()
    }

    /// Every file of the state is the user's, and nobody else's.
    pub(crate) fn state_is_the_users_alone(&self) {
        let state = self.root.path().join("state");
        let entries = fs::read_dir(&state).unwrap().map(|entry| entry.unwrap().path());
        let paths: Vec<PathBuf> = entries.chain([state.clone()]).collect();
        assert!(paths.iter().any(|path| path.ends_with("log.db")), "{paths:?}");
        for path in paths {
            let found = fs::symlink_metadata(&path).unwrap();
            assert_eq!((found.uid(), found.mode() & 0o077), (self.user.id, 0), "{}", path.display());
        }
    }

    /// Starts it with another token, and waits until it ends by itself; the exit code.
    pub(crate) fn run_to_the_end_with_token(&self, token: &str) -> Option<i32> {
        self.credential(Some(token));
        self.command().output().unwrap().status.code()
    }

    pub(crate) fn exit_code_that_is_not_restarted(&self) -> Option<i32> {
        self.unit.one("Service", "RestartPreventExitStatus").parse().ok()
    }
}

/// The running service; killed where it is dropped. The process is the program itself: every step before became the next.
pub(crate) struct Service {
    child: Child,
    log: PathBuf,
}

impl Service {
    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Runs a line of shell as root, where the service runs.
    fn enter(&self, line: &str) -> Output {
        let target = format!("--target={}", self.child.id());
        Command::new("nsenter").args([&target, "--mount", "sh", "-c", line]).output().unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}

/// Whether this machine lets us make a file system of our own.
fn may_make_mounts() -> Result<(), String> {
    let id = Command::new("id").arg("-u").output().map_err(|error| error.to_string())?;
    if id.stdout.trim_ascii() != b"0" {
        return Err("only root can make users and mounts".to_owned());
    }
    let tried = Command::new("unshare")
        .args([
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-c",
            "mount -t tmpfs tmpfs /var/lib && setpriv --version",
        ])
        .output();
    let tried = tried.map_err(|error| format!("no file system of its own: unshare: {error}"))?;
    let said = String::from_utf8_lossy(&tried.stderr).trim().to_owned();
    if tried.status.success() { Ok(()) } else { Err(format!("no file system of its own: {said}")) }
}
