//! Apache Cassandra 5, which speaks the subset of CQL that ScyllaDB and Cassandra share.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::process::Signal;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{Error, Ports, cache, cache::text, error::Doing, guarded::Guarded, tls};

const RUN: &str = include_str!("../assets/cassandra-run.sh");
const CONFIG: &str = include_str!("../assets/cassandra.yaml.in");
const CONFIG_TLS: &str = include_str!("../assets/cassandra-tls.yaml.in");
const CONFIG_AUTH: &str = include_str!("../assets/cassandra-auth.yaml");
const JVM: &str = include_str!("../assets/jvm.options");
/// The quick compiler alone: 7 s of processor time to start instead of 13.
const JVM_BRIEF: &str = "-XX:TieredStopAtLevel=1\n";
const LOGBACK: &str = include_str!("../assets/logback.xml");
/// 4.4 s on a quiet machine, 32 s seen on a busy one.
const READY_MAX: Duration = Duration::from_secs(240);
/// OPTIONS of the native protocol, version 4, and the opcode of the answer SUPPORTED.
const OPTIONS: [u8; 9] = [4, 0, 0, 0, 5, 0, 0, 0, 0];
const SUPPORTED: u8 = 6;

const NATIVE: u16 = 0;
const STORAGE: u16 = 1;

/// How a server is to be.
#[derive(Debug)]
pub struct CassandraOptions {
    /// Folder of its data, made if need be. Data that is there is used again.
    pub dir: PathBuf,
    /// Two ports are used; `None` takes free ones.
    pub ports: Option<Ports>,
    /// Speaks TLS only, by a CA of its own.
    pub tls: bool,
    /// Asks for a user: `cassandra`, with the password `cassandra`.
    pub auth: bool,
    /// More lines of `cassandra.yaml`.
    pub extra_conf: String,
    /// It lives for so long that its code is worth compiling to the full: starting it takes twice the processor time.
    pub lasting: bool,
}

impl CassandraOptions {
    /// A plain server with its data in `dir`, on free ports.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            ports: None,
            tls: false,
            auth: false,
            extra_conf: String::new(),
            lasting: false,
        }
    }
}

/// A CQL server of ours. Dropping it kills it.
#[derive(Debug)]
pub struct Cassandra {
    dir: PathBuf,
    ports: Ports,
    home: PathBuf,
    tls: bool,
    running: Option<Guarded>,
}

impl Cassandra {
    /// Starts a server and waits until it is ready.
    ///
    /// # Errors
    /// Something must be installed, a port is taken, or the server did not come up.
    pub async fn start(options: CassandraOptions) -> Result<Self, Error> {
        let home = cache::cassandra().await?;
        fs::create_dir_all(&options.dir).doing(format!("making {}", options.dir.display()))?;
        let dir = fs::canonicalize(&options.dir).doing("finding the data folder")?;
        let ports = options.ports.map_or_else(Ports::free, Ok)?;
        let mut config = config(&ports, &dir);
        if options.tls {
            config += &CONFIG_TLS.replace("@TLS@", &text(&tls::certificates(&dir).await?));
        }
        if options.auth {
            config += CONFIG_AUTH;
        }
        config += &options.extra_conf;
        let jvm = if options.lasting { JVM.to_owned() } else { format!("{JVM}{JVM_BRIEF}") };
        let files =
            [("run.sh", RUN), ("jvm.options", &jvm), ("logback.xml", LOGBACK), ("cassandra.yaml", &config)];
        for (name, content) in files {
            fs::write(dir.join(name), content).doing(format!("writing {name}"))?;
        }
        let mut cassandra = Self { dir, ports, home, tls: options.tls, running: None };
        cassandra.restart().await?;
        Ok(cassandra)
    }

    /// Starts the server again on its data and ports, after [`Cassandra::kill`] or [`Cassandra::terminate`], or kills
    /// it first. Waits until it is ready.
    ///
    /// # Errors
    /// A port is taken, or the server did not come up.
    pub async fn restart(&mut self) -> Result<(), Error> {
        self.kill().await?;
        self.ports.check(&[NATIVE, STORAGE])?;
        let command = ["sh".to_owned(), text(&self.dir.join("run.sh")), text(&self.home), text(&self.dir)];
        self.running = Some(Guarded::start("Cassandra", &self.dir, &command).await?);
        self.wait_ready().await
    }

    /// Waits until CQL is served.
    ///
    /// # Errors
    /// The server ended, does not run, or is not ready in time.
    pub async fn wait_ready(&mut self) -> Result<(), Error> {
        let (port, tls) = (self.port(), self.tls);
        match &mut self.running {
            Some(running) => running.until(READY_MAX, async || answers(port, tls).await).await,
            None => Ok(()),
        }
    }

    /// SIGKILL of the VM, and waits until all of it is gone. Nothing happens if it does not run.
    ///
    /// # Errors
    /// The system refused.
    pub async fn kill(&mut self) -> Result<(), Error> {
        match self.running.take() {
            Some(running) => running.kill().await,
            None => Ok(()),
        }
    }

    /// A clean stop.
    ///
    /// # Errors
    /// The system refused.
    pub async fn terminate(&mut self) -> Result<(), Error> {
        match self.running.take() {
            Some(running) => running.terminate().await,
            None => Ok(()),
        }
    }

    /// SIGSTOP of the VM: connections stay open and nothing answers once this returns.
    ///
    /// # Errors
    /// The system refused, or it does not stand still.
    pub async fn freeze(&self) -> Result<(), Error> {
        match &self.running {
            Some(running) => running.freeze().await,
            None => Ok(()),
        }
    }

    /// SIGCONT after [`Cassandra::freeze`].
    ///
    /// # Errors
    /// The system refused.
    pub fn thaw(&self) -> Result<(), Error> {
        self.running.as_ref().map_or(Ok(()), |running| running.signal(Signal::CONT))
    }

    /// Pid of the VM, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.running.as_ref().map(Guarded::pid)
    }

    /// The port of CQL.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.ports.at(NATIVE)
    }

    /// `cql://127.0.0.1:port/`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("cql://127.0.0.1:{}/", self.port())
    }

    /// The CA that signed its certificate, if it speaks TLS. The certificate is for `localhost` and 127.0.0.1.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.dir.join("tls/ca.pem")
    }

    /// The server's log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.dir.join("out.log")
    }
}

fn config(ports: &Ports, dir: &Path) -> String {
    CONFIG
        .replace("@NATIVE@", &ports.at(NATIVE).to_string())
        .replace("@STORAGE@", &ports.at(STORAGE).to_string())
        .replace("@DATA@", &text(dir))
}

/// Whether the native protocol answers. It is opened last, so with TLS a connection says enough.
async fn answers(port: u16, tls: bool) -> bool {
    let ask = async {
        let mut connection = TcpStream::connect(("127.0.0.1", port)).await?;
        if tls {
            return Ok(true);
        }
        connection.write_all(&OPTIONS).await?;
        let mut head = [0; 5];
        connection.read_exact(&mut head).await?;
        std::io::Result::Ok(head[4] == SUPPORTED)
    };
    ask.await.unwrap_or(false)
}
