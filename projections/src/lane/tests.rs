//! lane tests
