//! views/memory
