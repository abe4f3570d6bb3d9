//! Reading the settings of a sink.

use serde::de::DeserializeOwned;

use crate::config::{Diags, Settings};

/// The settings as their type; what does not fit is reported.
pub fn read<T: DeserializeOwned>(given: &Settings<'_>, diags: &mut Diags) -> Option<T> {
    match given.decode() {
        Ok(settings) => Some(settings),
        Err(error) => {
            diags.error(given.range(), error, "these settings", None);
            None
        }
    }
}

/// Runs a future that never waits for anything outside itself.
#[cfg(test)]
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(future)
}
