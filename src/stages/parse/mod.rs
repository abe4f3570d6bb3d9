//! `parse`: lines become events. One record is one event: wrapped and continued lines are joined.

pub mod notation;
