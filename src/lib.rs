//! mcpp turns the logs of MCP servers in containers into something useful.
//!
//! The modules stand in the order in which a line of log meets them: a pipeline file is read ([`config`]) and becomes
//! a checked [`plan`] that the [`engine`] runs: lines come from [`sources`] as batches of [`event`]s, pass [`stages`],
//! leave through [`sinks`], and [`ack`] keeps what is safe.
#![forbid(unsafe_code)]

pub mod ack;
pub mod cli;
pub mod config;
pub mod engine;
pub mod event;
pub mod plan;
pub mod platform;
pub mod sinks;
pub mod sources;
pub mod stages;
pub mod telemetry;
