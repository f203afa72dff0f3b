//! What producers of `rabbitmq-stream-client` are made of.

use super::connection::ANSWER_MAX;
use super::{Broker, Failure};
use rabbitmq_stream_client::error::ClientError;
use rabbitmq_stream_client::types::ResponseCode;
use rabbitmq_stream_client::{Environment, TlsConfiguration};
use secrecy::ExposeSecret;
use tokio::time::timeout;

/// A connection without a sign of life for four times as long is closed by the client, seconds.
const HEARTBEAT_S: u32 = 5;

impl Broker {
    /// Of the first node of the address that answers.
    pub(in crate::rabbit) async fn environment(&self) -> Result<Environment, Failure> {
        let address = &self.address;
        let mut last = Failure::Retry("no broker is named".to_owned());
        for (host, port) in &address.hosts {
            let mut builder = Environment::builder()
                .host(host)
                .port(*port)
                .username(&address.user)
                .password(address.password.expose_secret())
                .virtual_host(&address.vhost)
                .heartbeat(HEARTBEAT_S);
            if let Some(tls) = self.stock_tls()? {
                builder = builder.tls(tls);
            }
            last = match timeout(ANSWER_MAX, builder.build()).await {
                Ok(Ok(environment)) => return Ok(environment),
                Ok(Err(error)) => failure(&error),
                Err(_) => Failure::Retry("the broker does not answer".to_owned()),
            };
        }
        Err(last)
    }

    /// That client trusts a file alone; without one it verifies nothing, and says nothing of it.
    pub(in crate::rabbit) fn stock_tls(&self) -> Result<Option<TlsConfiguration>, Failure> {
        let Some(tls) = &self.address.tls else { return Ok(None) };
        let Some(ca) = &tls.ca else {
            let words = "rabbitmqs:// needs ?ca=FILE, the authorities that sign the brokers' certificates";
            return Err(Failure::Stopped(words.to_owned()));
        };
        let tls = TlsConfiguration::builder().add_root_certificates(ca.clone()).build();
        tls.map(Some).map_err(|why| Failure::Stopped(why.to_owned()))
    }
}

/// What the client's error means. Its own `Debug` could show a password; its words do not.
fn failure(error: &ClientError) -> Failure {
    match error {
        ClientError::RequestError(
            ResponseCode::AuthenticationFailure
            | ResponseCode::AuthenticationFailureLoopback
            | ResponseCode::VirtualHostAccessFailure
            | ResponseCode::AccessRefused,
        ) => Failure::Stopped(error.to_string()),
        other => Failure::Retry(other.to_string()),
    }
}
