//! Docker's contexts: named addresses in the folder `~/.docker`.

use std::io::Read;
use std::path::Path;

use serde_json::Value;

use super::address::{Address, TlsFiles};

/// Largest file that is read.
const LARGEST: u64 = 1 << 20;

/// The context that `docker context use` chose, if it is another than the default one.
pub fn current(folder: &Path) -> Option<String> {
    let config = read_json(&folder.join("config.json")).ok()?;
    let name = config.get("currentContext")?.as_str()?;
    (!name.is_empty() && name != "default").then(|| name.to_owned())
}

/// The address of a context. The error is a sentence.
pub fn address(folder: &Path, name: &str) -> Result<Address, String> {
    let contexts = folder.join("contexts");
    let all = contexts.join("meta");
    let entries = std::fs::read_dir(&all)
        .map_err(|cause| format!("there is no context '{name}': {}: {cause}", all.display()))?;
    let mut names = Vec::new();
    for entry in entries.flatten() {
        let Ok(meta) = read_json(&entry.path().join("meta.json")) else { continue };
        let Some(found) = meta.get("Name").and_then(Value::as_str) else { continue };
        if found != name {
            names.push(found.to_owned());
            continue;
        }
        let endpoint = &meta["Endpoints"]["docker"];
        let Some(host) = endpoint["Host"].as_str() else {
            return Err(format!("the context '{name}' names no host"));
        };
        if endpoint["SkipTLSVerify"].as_bool() == Some(true) {
            return Err(format!(
                "the context '{name}' does not verify the engine's certificate, which mcpp insists on"
            ));
        }
        let certificates = contexts.join("tls").join(entry.file_name()).join("docker");
        let tls = certificates.is_dir().then(|| TlsFiles::in_folder(&certificates));
        return Address::parse(host, tls).map_err(|why| format!("the context '{name}': {why}"));
    }
    names.sort();
    let there = if names.is_empty() { String::new() } else { format!("; there are: {}", names.join(", ")) };
    Err(format!("there is no context '{name}'{there}"))
}

fn read_json(path: &Path) -> std::io::Result<Value> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(LARGEST).read_to_string(&mut text)?;
    Ok(serde_json::from_str(&text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(path: &Path, text: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn a_context_is_found_by_its_name() {
        let dir = tempfile::tempdir().unwrap();
        put(&dir.path().join("config.json"), r#"{"currentContext":"prod"}"#);
        let meta = |folder: &str, text: &str| {
            put(&dir.path().join("contexts/meta").join(folder).join("meta.json"), text);
        };
        meta("aa", r#"{"Name":"local","Endpoints":{"docker":{"Host":"unix:///run/x.sock"}}}"#);
        meta(
            "bb",
            r#"{"Name":"prod","Metadata":{},"Endpoints":{"docker":{"Host":"tcp://prod:2376","SkipTLSVerify":false}}}"#,
        );
        meta("cc", r#"{"Name":"lax","Endpoints":{"docker":{"Host":"tcp://lax","SkipTLSVerify":true}}}"#);
        meta("dd", "no JSON");
        let certificates = dir.path().join("contexts/tls/bb/docker");
        put(&certificates.join("ca.pem"), "");
        assert_eq!(current(dir.path()).as_deref(), Some("prod"));
        let files = TlsFiles { ca: Some(certificates.join("ca.pem")), client: None };
        let prod = Address::Tls { host: "prod".into(), port: 2376, files };
        assert_eq!(address(dir.path(), "prod"), Ok(prod));
        assert_eq!(address(dir.path(), "local"), Ok(Address::Unix("/run/x.sock".into())));
        assert!(address(dir.path(), "lax").unwrap_err().contains("does not verify"));
        let missing = address(dir.path(), "x").unwrap_err();
        assert_eq!(missing, "there is no context 'x'; there are: lax, local, prod");
    }

    #[test]
    fn without_a_folder_there_is_no_current_context() {
        assert_eq!(current(Path::new("/nonexistent")), None);
        assert!(address(Path::new("/nonexistent"), "x").is_err());
    }
}
