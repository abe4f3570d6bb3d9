use super::*;
use crate::event::template_of;

#[test]
fn templates_stand_in_names() {
    for (name, template) in [
        ("mcp-demo-0127-164730-0a1b2c3d", Some("demo")),
        ("mcp-file-system-0127-164730-0a1b2c3d", Some("file-system")),
        ("mcp-demo-127-164730-0a1b2c3d", None),
        ("mcp-demo-0127-164730-0a1b2c3x", None),
        ("mcp-0127-164730-0a1b2c3d", None),
        ("demo-0127-164730-0a1b2c3d", None),
        ("mcp-demo", None),
    ] {
        assert_eq!(template_of(name), template, "{name}");
    }
}

#[test]
fn pods_are_named_after_their_owner() {
    for (pod, owner) in [
        ("demo-7d4b9c6f88-x7k2p", "demo"),
        ("my-demo-7d4b9c6f88-x7k2p", "my-demo"),
        ("demo-x7k2p", "demo"),
        ("demo-0", "demo"),
        ("demo", "demo"),
        ("demo-server", "demo-server"),
    ] {
        assert_eq!(owner_of_pod(pod), owner, "{pod}");
    }
}
