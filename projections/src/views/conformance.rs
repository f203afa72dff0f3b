//! views/conformance
