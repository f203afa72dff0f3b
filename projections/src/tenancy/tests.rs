//! The laws of tenancy: by single cases, and in a seeded world of nodes, clocks and a store that misbehave.

mod cases;
mod seeded;
mod world;
