use std::fs;
use std::path::PathBuf;

use serde_json::json;

use super::metadata::of;
use crate::sources::read::tests::once;

const ID: &str = "4f1c0f6c0a9a4d3db3c8f7a5d2e1b0c94f1c0f6c0a9a4d3db3c8f7a5d2e1b0c9";

fn docker(folder: &std::path::Path, id: &str, name: &str, labels: serde_json::Value) -> PathBuf {
    let folder = folder.join(id);
    fs::create_dir(&folder).unwrap();
    let config = json!({"ID": id, "Name": format!("/{name}"), "State": {"Status": "odd"},
        "Config": {"Image": "demo:1", "Labels": labels}});
    fs::write(folder.join("config.v2.json"), config.to_string()).unwrap();
    folder.join(format!("{id}-json.log"))
}

fn line(text: &str, second: u32) -> String {
    format!("{{\"log\":\"{text}\\n\",\"stream\":\"stdout\",\"time\":\"2025-01-27T16:47:{second:02}.5Z\"}}\n")
}

#[test]
fn a_containers_name_and_labels_stand_beside_its_log() {
    let dir = tempfile::tempdir().unwrap();
    let path = docker(dir.path(), ID, "mcp-demo-0127-164730-0a1b2c3d", json!({"template": "other", "n": 1}));
    let known = of(&path);
    assert_eq!(known.key, ID);
    assert_eq!(known.origin.deployment.as_deref(), Some("mcp-demo-0127-164730-0a1b2c3d"));
    assert_eq!(known.origin.template.as_deref(), Some("other"));
    assert_eq!(known.origin.image.as_deref(), Some("demo:1"));
    assert_eq!(known.origin.labels, [("template".to_owned(), "other".to_owned())]);
    fs::write(path.with_file_name("config.v2.json"), "{").unwrap();
    assert_eq!(of(&path).origin.deployment.as_deref(), Some(&ID[..12]));
}

#[test]
fn the_template_stands_in_the_name_without_a_label() {
    let dir = tempfile::tempdir().unwrap();
    let known = of(&docker(dir.path(), ID, "mcp-demo-0127-164730-0a1b2c3d", json!(null)));
    assert_eq!(known.origin.template.as_deref(), Some("demo"));
}

#[test]
fn a_pods_path_names_it() {
    let known = of("/var/log/pods/mcp-servers_demo-7d4b9c6f88-x7k2p_0a1b-22/app/3.log".as_ref());
    assert_eq!(known.key, "mcp-servers_demo-7d4b9c6f88-x7k2p_0a1b-22/app/3");
    assert_eq!(known.origin.deployment.as_deref(), Some("demo"));
    assert_eq!(known.origin.container.as_deref(), Some("demo-7d4b9c6f88-x7k2p/app"));
    assert_eq!(known.origin.labels[0].1, "mcp-servers");
}

#[test]
fn the_backlog_of_a_container_is_read_first() {
    let dir = tempfile::tempdir().unwrap();
    let path = docker(dir.path(), ID, "demo", json!({}));
    fs::write(&path, line("three", 3)).unwrap();
    fs::write(path.with_file_name(format!("{ID}-json.log.1")), line("two", 2)).unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gz, line("one", 1).as_bytes()).unwrap();
    fs::write(path.with_file_name(format!("{ID}-json.log.2.gz")), gz.finish().unwrap()).unwrap();
    let seen = once("container_files", dir.path(), json!({"paths": ["*/*-json.log"]}));
    let texts: Vec<_> = seen.records.iter().map(|r| r.text.as_str()).collect();
    assert_eq!(texts, ["one", "two", "three"]);
    assert!(seen.records.iter().all(|r| r.deployment.as_deref() == Some("demo")));
}

#[test]
fn containers_are_chosen_by_name_and_label() {
    let dir = tempfile::tempdir().unwrap();
    for (n, name, label) in [(1, "mcp-a", "mcp-template"), (2, "mcp-b", "other"), (3, "db", "mcp-template")] {
        let id = format!("{n}{}", &ID[1..]);
        let path = docker(dir.path(), &id, name, json!({"managed-by": label}));
        fs::write(path, line(name, 1)).unwrap();
    }
    let read = |extra: serde_json::Value| {
        let mut settings = json!({"paths": ["*/*-json.log"]});
        settings.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let seen = once("container_files", dir.path(), settings);
        let mut names: Vec<_> = seen.records.iter().map(|r| r.text.clone()).collect();
        names.sort();
        names
    };
    assert_eq!(read(json!({})), ["db", "mcp-a", "mcp-b"]);
    assert_eq!(read(json!({"names": ["mcp-*"]})), ["mcp-a", "mcp-b"]);
    assert_eq!(read(json!({"labels": {"managed-by": "mcp-template"}})), ["db", "mcp-a"]);
    assert_eq!(read(json!({"labels": {"managed-by": ""}, "names": ["mcp-b"]})), ["mcp-b"]);
}
