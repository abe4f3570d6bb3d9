//! `docs/fields.md` is what the table in `event/field.rs` says.
#![allow(clippy::unwrap_used)] // All of it is test code.

use std::fmt::Write;

use mcpp::event::field::KNOWN;

const HEAD: &str = "\
# Fields

Every field that mcpp itself makes. A line's own fields keep their names. This page is made from the table in `src/event/field.rs`;
`MCPP_BLESS=1 cargo test --test fields` writes it anew.

*Field* is the name in expressions, settings and schemas. *NDJSON* is the key in exported lines; fields without one are not exported. An
unknown value is an absent key, never null. `tool.duration` is in milliseconds there, in nanoseconds elsewhere. Times are RFC 3339 in UTC with nine digits.

| field | type | NDJSON | Elasticsearch (ECS) | OpenTelemetry | made by | meaning |
|---|---|---|---|---|---|---|
";

fn name(text: &str) -> String {
    if text.is_empty() { "–".to_owned() } else { format!("`{text}`") }
}

#[test]
fn the_page_about_fields_is_in_step() {
    let mut page = HEAD.to_owned();
    for field in KNOWN {
        writeln!(
            page,
            "| `{}` | {} | {} | {} | {} | {} | {} |",
            field.name,
            field.ty,
            name(field.json),
            name(field.ecs),
            name(field.otlp),
            field.from,
            field.doc
        )
        .unwrap();
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/fields.md");
    if std::env::var_os("MCPP_BLESS").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), page, "run MCPP_BLESS=1 cargo test --test fields");
}

#[test]
fn no_name_stands_for_two_fields() {
    for names in [
        KNOWN.iter().map(|f| f.name).collect::<Vec<_>>(),
        KNOWN.iter().map(|f| f.json).filter(|n| !n.is_empty()).collect(),
        KNOWN.iter().map(|f| f.ecs).filter(|n| !n.is_empty()).collect(),
        KNOWN.iter().map(|f| f.otlp).filter(|n| !n.is_empty()).collect(),
    ] {
        let mut once = names.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), names.len(), "{names:?}");
    }
}
