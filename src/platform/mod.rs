//! What the container engine knows.

pub mod engine;
