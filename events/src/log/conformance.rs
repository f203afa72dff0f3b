//! What every log must do, run against each engine.
