//! What is safe: receipts, ledgers, marks and the checkpoint.

pub mod checkpoint;
pub mod ledger;
pub mod machine;
pub mod store;

pub use ledger::{Cut, Ledger, Mark, Receipt};
