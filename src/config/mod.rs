//! The pipeline file as written: document with spans, schema walk, units, diagnostics.

pub mod diagnostic;
pub mod document;
pub mod expand;
pub mod files;
pub mod near;
pub mod offsets;
pub mod settings;
pub mod units;

pub use diagnostic::Diags;
pub use settings::Settings;
pub use units::{Interval, Size};
