//! RabbitMQ: the log on its streams, hints over its queues.

pub mod hints;
