//! The pipeline file as written: document with spans, schema walk, units, diagnostics.

pub mod diagnostic;
pub mod document;
pub mod settings;

pub use diagnostic::Diags;
pub use settings::Settings;
