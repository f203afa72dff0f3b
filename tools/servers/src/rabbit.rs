//! RabbitMQ 4 with its stream plugin.

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

use crate::{Error, PASSWORD, Ports, USER, cache, cache::text, error::Doing, guarded::Guarded, tls};

const RUN: &str = include_str!("../assets/rabbitmq-run.sh");
const CONFIG: &str = include_str!("../assets/rabbitmq.conf.in");
const CONFIG_TLS: &str = include_str!("../assets/rabbitmq-tls.conf.in");
/// 3 to 6 s on a quiet machine.
pub(crate) const READY_MAX: Duration = Duration::from_secs(120);
/// The management API's longest answers are tables of statistics.
const ANSWER_BYTES_MAX: u64 = 4 << 20;
/// `mirror:mirror-test` in base 64.
const AUTHORIZATION: &str = "bWlycm9yOm1pcnJvci10ZXN0";

const AMQP: u16 = 0;
const STREAM: u16 = 1;
const MANAGEMENT: u16 = 2;
const EPMD: u16 = 3;
const DISTRIBUTION: u16 = 4;
const AMQPS: u16 = 5;
const STREAMS: u16 = 6;

/// How a broker is to be.
#[derive(Debug)]
pub struct RabbitOptions {
    /// Folder of its data, made if need be. Data that is there is used again.
    pub dir: PathBuf,
    /// Seven ports are used; `None` takes free ones.
    pub ports: Option<Ports>,
    /// Also listens with TLS, by a CA of its own.
    pub tls: bool,
    /// More lines of `rabbitmq.conf`.
    pub extra_conf: String,
    /// The stream port that clients are told to connect to; a [`crate::Proxy`]'s, or `None` for its own.
    pub advertised_stream_port: Option<u16>,
    /// The same for streams over TLS.
    pub advertised_tls_port: Option<u16>,
    /// The port of an epmd that runs already, of a cluster; `None` starts one that dies with the broker.
    pub epmd_port: Option<u16>,
}

impl RabbitOptions {
    /// A plain broker with its data in `dir`, on free ports.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            ports: None,
            tls: false,
            extra_conf: String::new(),
            advertised_stream_port: None,
            advertised_tls_port: None,
            epmd_port: None,
        }
    }
}

/// A broker of ours. Dropping it kills it.
#[derive(Debug)]
pub struct Rabbit {
    dir: PathBuf,
    ports: Ports,
    home: PathBuf,
    epmd_port: Option<u16>,
    running: Option<Guarded>,
}

impl Rabbit {
    /// Starts a broker and waits until it is ready.
    ///
    /// # Errors
    /// Something must be installed, a port is taken, or the broker did not come up.
    pub async fn start(options: RabbitOptions) -> Result<Self, Error> {
        let mut rabbit = Self::launched(options).await?;
        rabbit.wait_ready().await?;
        Ok(rabbit)
    }

    /// Starts a broker, which is not ready yet.
    pub(crate) async fn launched(options: RabbitOptions) -> Result<Self, Error> {
        let home = cache::rabbitmq().await?;
        fs::create_dir_all(&options.dir).doing(format!("making {}", options.dir.display()))?;
        let dir = fs::canonicalize(&options.dir).doing("finding the data folder")?;
        let tls = if options.tls { Some(tls::certificates(&dir).await?) } else { None };
        let ports = options.ports.map_or_else(Ports::free, Ok)?;
        fs::write(dir.join("run.sh"), RUN).doing("writing run.sh")?;
        let advertised = [
            options.advertised_stream_port.unwrap_or(ports.at(STREAM)),
            options.advertised_tls_port.unwrap_or(ports.at(STREAMS)),
        ];
        let config = config(&ports, advertised, tls.as_deref()) + &options.extra_conf;
        fs::write(dir.join("rabbitmq.conf"), config).doing("writing rabbitmq.conf")?;
        let mut rabbit = Self { dir, ports, home, epmd_port: options.epmd_port, running: None };
        rabbit.launch().await?;
        Ok(rabbit)
    }

    /// Starts the broker again on its data and ports, after [`Rabbit::kill`] or [`Rabbit::terminate`], or kills it
    /// first. Waits until it is ready.
    ///
    /// # Errors
    /// A port is taken, or the broker did not come up.
    pub async fn restart(&mut self) -> Result<(), Error> {
        self.kill().await?;
        self.launch().await?;
        self.wait_ready().await
    }

    async fn launch(&mut self) -> Result<(), Error> {
        self.ports.check(&[AMQP, STREAM, MANAGEMENT, EPMD, DISTRIBUTION, AMQPS, STREAMS])?;
        let base = self.ports.at(0).to_string();
        let mut command =
            vec!["sh".to_owned(), text(&self.dir.join("run.sh")), text(&self.home), text(&self.dir), base];
        command.extend(self.epmd_port.map(|port| port.to_string()));
        self.running = Some(Guarded::start("RabbitMQ", &self.dir, &command).await?);
        Ok(())
    }

    /// Waits until streams are served.
    ///
    /// # Errors
    /// The broker ended, does not run, or is not ready in time.
    pub async fn wait_ready(&mut self) -> Result<(), Error> {
        let (management, stream) = (self.ports.at(MANAGEMENT), self.ports.at(STREAM));
        match &mut self.running {
            Some(running) => running.until(READY_MAX, async || listens(management, stream).await).await,
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

    /// SIGCONT after [`Rabbit::freeze`].
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

    /// The name of its Erlang node.
    #[must_use]
    pub fn node(&self) -> String {
        node_name(&self.ports)
    }

    /// What its management API answers to a GET, head and all.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn ask(&self, path: &str) -> Result<String, Error> {
        ask(self.management_port(), path).await.doing("asking RabbitMQ's management API")
    }

    /// The port of AMQP.
    #[must_use]
    pub fn amqp_port(&self) -> u16 {
        self.ports.at(AMQP)
    }

    /// The port of streams: that of the broker, whatever it advertises.
    #[must_use]
    pub fn stream_port(&self) -> u16 {
        self.ports.at(STREAM)
    }

    /// The port of the management API (HTTP).
    #[must_use]
    pub fn management_port(&self) -> u16 {
        self.ports.at(MANAGEMENT)
    }

    /// The port of AMQP over TLS.
    #[must_use]
    pub fn amqps_port(&self) -> u16 {
        self.ports.at(AMQPS)
    }

    /// The port of streams over TLS.
    #[must_use]
    pub fn stream_tls_port(&self) -> u16 {
        self.ports.at(STREAMS)
    }

    /// `rabbitmq://user:password@127.0.0.1:port/`, for the log.
    #[must_use]
    pub fn stream_url(&self) -> String {
        format!("rabbitmq://{USER}:{PASSWORD}@127.0.0.1:{}/", self.stream_port())
    }

    /// `amqp://user:password@127.0.0.1:port/`, for hints.
    #[must_use]
    pub fn amqp_url(&self) -> String {
        format!("amqp://{USER}:{PASSWORD}@127.0.0.1:{}/", self.amqp_port())
    }

    /// The CA that signed its certificate, if it speaks TLS. The certificate is for `localhost` and 127.0.0.1.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.dir.join("tls/ca.pem")
    }

    /// The broker's log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.dir.join("log/rabbit.log")
    }
}

fn config(ports: &Ports, [stream, streams]: [u16; 2], tls: Option<&Path>) -> String {
    let fill = |template: &str, names: &[(&str, String)]| {
        names.iter().fold(template.to_owned(), |text, (name, value)| text.replace(name, value))
    };
    let plain = [
        ("@AMQP@", ports.at(AMQP).to_string()),
        ("@STREAM@", ports.at(STREAM).to_string()),
        ("@ADVERTISED@", stream.to_string()),
        ("@MANAGEMENT@", ports.at(MANAGEMENT).to_string()),
    ];
    let secure = |tls| {
        [
            ("@AMQPS@", ports.at(AMQPS).to_string()),
            ("@STREAMS@", ports.at(STREAMS).to_string()),
            ("@ADVERTISED_TLS@", streams.to_string()),
            ("@TLS@", text(tls)),
        ]
    };
    fill(CONFIG, &plain) + &tls.map(|tls| fill(CONFIG_TLS, &secure(tls))).unwrap_or_default()
}

/// The Erlang node that `rabbitmq-run.sh` starts on these ports.
pub(crate) fn node_name(ports: &Ports) -> String {
    format!("mirror{}@localhost", ports.at(0))
}

/// Asks the management API whether streams are served.
async fn listens(management: u16, stream: u16) -> bool {
    let path = format!("/api/health/checks/port-listener/{stream}");
    ask(management, &path).await.is_ok_and(|answer| answer.split(' ').nth(1) == Some("200"))
}

/// What the management API answers, head and all.
pub(crate) async fn ask(management: u16, path: &str) -> std::io::Result<String> {
    let mut connection = TcpStream::connect(("127.0.0.1", management)).await?;
    let request =
        format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nAuthorization: Basic {AUTHORIZATION}\r\n\r\n");
    connection.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    connection.take(ANSWER_BYTES_MAX).read_to_string(&mut answer).await?;
    Ok(answer)
}
