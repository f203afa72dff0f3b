//! tools/standin
