//! The Discord side: against a wire that a test writes by hand, and against the stand-in.

mod gateway;
mod secrets;
mod sink;
mod stage;
mod wire;
