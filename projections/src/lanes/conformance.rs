//! lanes/conformance
