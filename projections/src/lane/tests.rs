//! The lane in a small world: every fault at every step, each guard off, seeded histories, a lost past.

mod channel;
mod ends;
mod guards;
mod know;
mod lost;
mod owner;
mod seeded;
mod stories;
mod table;
mod world;
