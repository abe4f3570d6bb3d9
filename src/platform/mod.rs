//! What the container engine knows: where it is, what runs there, and how that is doing.
//!
//! * [`engine::find`] gives a [`Client`]; everything that an engine is asked goes through one.
//! * [`deployment`] is the one model of what runs; it is filled from whatever an engine answers and never fails over a
//!   field that is missing or new.

pub mod address;
mod answers;
pub mod client;
pub mod context;
pub mod deployment;
pub mod engine;
pub mod events;
pub mod health;
pub mod likeness;
mod loose;
pub mod own;
pub mod select;
pub mod survey;
pub mod usage;

pub use answers::Info;
pub use client::{Client, ClientError, Product};
pub use deployment::Deployment;
