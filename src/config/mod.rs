//! The pipeline file as written: document with spans, schema walk, units, diagnostics.

pub mod diagnostic;
pub mod document;
pub mod expand;
pub mod files;
pub mod near;
pub mod offsets;
pub mod report;
pub mod settings;
pub mod shape;
pub mod units;
pub mod walk;

pub use diagnostic::Diags;
pub use settings::Settings;
pub use units::{Interval, Size};
