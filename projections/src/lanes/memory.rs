//! lanes/memory
