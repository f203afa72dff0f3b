//! The lane in a small world: every fault at every step, each guard off, seeded histories, a lost past.

mod guards;
mod know;
mod lost;
mod seeded;
mod stories;
mod table;
