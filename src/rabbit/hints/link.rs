//! One AMQP connection with its queue.

use std::{fmt, fs, str::FromStr as _, time::Duration};

use events::NodeId;
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, Consumer, ExchangeKind,
    message::Delivery,
    options::{
        BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ExchangeDeclareOptions,
        QueueBindOptions, QueueDeclareOptions,
    },
    tcp::OwnedTLSConfig,
    types::{AMQPValue, FieldTable, ShortString},
    uri::AMQPUri,
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::timeout;

/// A queue whose node is away is deleted by the broker after this.
pub const EXPIRY: Duration = Duration::from_secs(60);
/// A hint that nobody took is dropped by the broker after this.
const TTL: Duration = Duration::from_secs(30);
/// Hints that the broker keeps for one node; the oldest go first.
const QUEUE_MAX: i64 = 1_000;
/// Hints that are under way to this node without an acknowledgement.
const PREFETCH: u16 = 64;
/// An attempt to connect is given up after this.
const OPEN_MAX: Duration = Duration::from_secs(10);
/// Seconds between heartbeats, unless the address says so: a frozen broker is noticed after twice as long.
const HEARTBEAT: u16 = 4;

/// An address that cannot be used. Says nothing of what it holds.
#[derive(Debug, thiserror::Error)]
pub enum BadAddress {
    /// It is to begin with `amqp://` or `amqps://`.
    #[error("the address of hints is no amqp://user:password@host:port/vhost")]
    NotAmqp,
    /// The file that `?ca=` names.
    #[error("the CA of hints cannot be read from {file}: {source}")]
    Ca {
        /// Its path.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Why there is no connection any more.
#[derive(Debug, thiserror::Error)]
pub(super) enum Lost {
    #[error("{0}")]
    Broker(#[from] lapin::Error),
    #[error("the broker ended it")]
    Ended,
    #[error("the broker takes nothing")]
    Stuck,
    #[error("the broker does not answer")]
    Silent,
}

/// Where the broker is. Holds a password, so it shows nothing.
pub(super) struct Address {
    uri: AMQPUri,
    tls: OwnedTLSConfig,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(..)")
    }
}

impl Address {
    pub(super) fn parse(url: &SecretString) -> Result<Self, BadAddress> {
        let url = url.expose_secret();
        // lapin's own words repeat the address.
        let mut uri = AMQPUri::from_str(url).map_err(|_| BadAddress::NotAmqp)?;
        if uri.vhost.is_empty() {
            // `amqp://host/` means the default one to everybody but the specification.
            "/".clone_into(&mut uri.vhost);
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        let mut tls = OwnedTLSConfig::default();
        if let Some(file) = parameter(url, "ca") {
            let read = fs::read_to_string(file);
            tls.cert_chain = Some(read.map_err(|source| BadAddress::Ca { file: file.to_owned(), source })?);
        }
        Ok(Self { uri, tls })
    }
}

/// One `name=value` behind the `?`, as it stands.
fn parameter<'a>(url: &'a str, name: &str) -> Option<&'a str> {
    let (_, query) = url.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// The exchange of all nodes, and this node's queue.
pub(super) struct Names {
    exchange: ShortString,
    queue: ShortString,
}

impl Names {
    pub(super) fn of(cluster: &str, node: NodeId) -> Self {
        Self { exchange: format!("{cluster}.nodes").into(), queue: format!("{cluster}.nodes.{node}").into() }
    }
}

/// An open connection: hints can be published, and come in.
pub(super) struct Link {
    channel: Channel,
    pub(super) deliveries: Consumer,
    // Dropping it closes the connection.
    connection: Connection,
}

impl Link {
    /// Connects, declares the exchange and the queue, and begins to receive.
    pub(super) async fn open(address: &Address, names: &Names) -> Result<Self, Lost> {
        timeout(OPEN_MAX, Box::pin(Self::open_now(address, names))).await.map_err(|_| Lost::Silent)?
    }

    async fn open_now(address: &Address, names: &Names) -> Result<Self, Lost> {
        let (uri, tls) = (address.uri.clone(), address.tls.clone());
        let name = ConnectionProperties::default().with_connection_name(names.queue.as_str().into());
        let runtime = lapin::runtime::default_runtime()?;
        let connection = Connection::connect_uri_with_config(uri, name, tls, runtime).await?;
        let channel = connection.create_channel().await?;
        declare(&channel, names).await?;
        channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
        let (queue, options) = (names.queue.clone(), BasicConsumeOptions::default());
        let deliveries = channel.basic_consume(queue, "".into(), options, FieldTable::default()).await?;
        Ok(Self { channel, deliveries, connection })
    }

    /// Whether lapin thinks so.
    pub(super) fn is_open(&self) -> bool {
        self.connection.status().connected()
    }

    pub(super) async fn publish(&self, names: &Names, payload: &[u8]) -> Result<(), Lost> {
        let (exchange, options) = (names.exchange.clone(), BasicPublishOptions::default());
        let publish =
            self.channel.basic_publish(exchange, "".into(), options, payload, BasicProperties::default());
        publish.await?;
        Ok(())
    }

    /// Closes in order: what was published before arrives.
    pub(super) async fn close(self) -> Result<(), Lost> {
        self.connection.close(200, "".into()).await?;
        Ok(())
    }
}

/// The same arguments for ever: a declaration with others is refused.
async fn declare(channel: &Channel, names: &Names) -> Result<(), Lost> {
    let (exchange, queue) = (names.exchange.clone(), names.queue.clone());
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    channel.exchange_declare(exchange.clone(), ExchangeKind::Fanout, durable, FieldTable::default()).await?;
    // Durable, for newer brokers refuse queues that are neither that nor exclusive; gone by itself all the same.
    let durable = QueueDeclareOptions::durable();
    channel.queue_declare(queue.clone(), durable, limits()).await?;
    channel
        .queue_bind(queue, exchange, "".into(), QueueBindOptions::default(), FieldTable::default())
        .await?;
    Ok(())
}

fn limits() -> FieldTable {
    let ms = |time: Duration| AMQPValue::LongLongInt(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
    let mut limits = FieldTable::default();
    limits.insert("x-expires".into(), ms(EXPIRY));
    limits.insert("x-message-ttl".into(), ms(TTL));
    limits.insert("x-max-length".into(), AMQPValue::LongLongInt(QUEUE_MAX));
    limits
}

/// Makes room for the next.
pub(super) async fn acknowledge(delivery: &Delivery) -> Result<(), Lost> {
    delivery.ack(BasicAckOptions::default()).await?;
    Ok(())
}
