//! The command `mcpp`.
fn main() {}
