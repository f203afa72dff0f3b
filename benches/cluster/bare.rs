//! The bare Rust client, `rabbitmq-stream-client`, as its documentation shows it.

use crate::site::Site;
use futures_util::StreamExt;
use mirror::rabbit::Address;
use rabbitmq_stream_client::types::{Message, MessageResult, OffsetSpecification, ResponseKind};
use rabbitmq_stream_client::{Client, ClientOptions, Environment, NoDedup, Producer};
use secrecy::ExposeSecret;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

fn address(site: &Site) -> Address {
    site.rabbitmq.parse().expect("an address")
}

pub(crate) async fn environment(site: &Site) -> Environment {
    let address = address(site);
    let (host, port) = &address.hosts[0];
    let builder = Environment::builder().host(host).port(*port).username(&address.user);
    builder.password(address.password.expose_secret()).build().await.expect("an environment")
}

/// A stream of its own, with a producer.
pub(crate) struct Published {
    environment: Environment,
    stream: String,
    producer: Producer<NoDedup>,
}

impl Published {
    pub(crate) async fn new(site: &Site, batch: usize) -> Self {
        let (environment, stream) = (environment(site).await, Site::name());
        environment.stream_creator().create(&stream).await.expect("a stream");
        let producer = environment.producer().batch_size(batch).build(&stream).await.expect("a producer");
        Self { environment, stream, producer }
    }

    /// Publishes all, each batch once the one before is confirmed.
    pub(crate) async fn publish(&self, records: &[Vec<u8>], batch: usize) -> Duration {
        let message = |record: &Vec<u8>| Message::builder().body(record.clone()).build();
        let batches = records.chunks(batch).map(|records| records.iter().map(message).collect());
        let batches: Vec<Vec<Message>> = batches.collect();
        let began = Instant::now();
        for batch in batches {
            let confirmed = self.producer.batch_send_with_confirm(batch).await.expect("confirmed");
            assert!(confirmed.iter().all(rabbitmq_stream_client::ConfirmationStatus::confirmed));
        }
        began.elapsed()
    }

    pub(crate) async fn end(self) {
        self.producer.close().await.expect("closed");
        self.environment.delete_stream(&self.stream).await.expect("deleted");
    }
}

/// Reads a stream of `count` messages with the stock consumer. The clock starts with the first in hand.
pub(crate) async fn consume(site: &Site, stream: &str, count: usize) -> Duration {
    let environment = environment(site).await;
    let builder = environment.consumer().offset(OffsetSpecification::First);
    let mut consumer = builder.build(stream).await.expect("a consumer");
    let (mut began, mut bytes) = (Instant::now(), 0);
    for at in 0..count {
        let delivery = consumer.next().await.expect("more").expect("a message");
        bytes += delivery.message().data().map_or(0, <[u8]>::len);
        if at == 0 {
            began = Instant::now();
        }
    }
    let time = began.elapsed();
    assert!(bytes > 0);
    consumer.handle().close().await.expect("closed");
    time
}

/// Reads a stream of `count` messages with the raw client, a handler of our own, and credit for one chunk. The clock
/// starts with the first chunk in hand.
pub(crate) async fn receive(site: &Site, stream: &str, count: usize) -> Duration {
    let address = address(site);
    let (host, port) = &address.hosts[0];
    let options = ClientOptions::builder().host(host).port(*port).user(&address.user);
    let options = options.password(address.password.expose_secret()).build();
    let client = Client::connect(options).await.expect("a client");
    let (tell, mut heard) = mpsc::channel(64);
    let handler = move |item: MessageResult| {
        let tell = tell.clone();
        async move {
            let _ = tell.send(item).await;
            Ok(())
        }
    };
    client.set_handler(handler).await;
    let subscribed = client.subscribe(1, stream, OffsetSpecification::First, 1, HashMap::new()).await;
    assert!(subscribed.expect("subscribed").is_ok());
    let (mut began, mut found, mut bytes) = (Instant::now(), 0, 0);
    while found < count {
        let Some(Some(Ok(response))) = heard.recv().await else { panic!("the client has ended") };
        let ResponseKind::Deliver(delivery) = response.kind_ref() else { continue };
        if found == 0 {
            began = Instant::now();
        }
        client.credit(1, 1).await.expect("credit");
        found += delivery.messages.len();
        bytes += delivery.messages.iter().filter_map(Message::data).map(<[u8]>::len).sum::<usize>();
    }
    let time = began.elapsed();
    assert!(bytes > 0);
    client.close().await.expect("closed");
    time
}
