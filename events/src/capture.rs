//! Capture: from a Discord frame to events. Pure, and remembers nothing.
