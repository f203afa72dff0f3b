//! The log in memory: the model that the engines are compared with.
