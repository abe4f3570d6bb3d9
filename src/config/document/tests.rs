use super::*;

fn read(text: &str) -> (Option<Node>, Vec<String>) {
    let mut diags = Diags::default();
    let node = parse(text, 0, &mut diags);
    let found = diags.findings.iter().map(|f| format!("{}: {}", &text[f.range.clone()], f.message)).collect();
    (node, found)
}

#[test]
fn a_document_becomes_a_tree_with_places() {
    let text = "é: 1\nlist:\n  - x y # c\n  - {d: 1.5, e: true}\nnone:\nq: \"a\\tb\"\n";
    let (node, found) = read(text);
    assert_eq!(found, Vec::<String>::new());
    let node = node.unwrap();
    assert_eq!(
        node.to_json(),
        serde_json::json!({"é": 1, "list": ["x y", {"d": 1.5, "e": true}], "none": null, "q": "a\tb"})
    );
    assert_eq!(&text[node.range.clone()], text.trim_end());
    let list = node.get("list").unwrap();
    assert_eq!(&text[list.range.clone()], "- x y # c\n  - {d: 1.5, e: true}".trim_start_matches("- "));
    let NodeValue::List(items) = &list.value else { panic!() };
    assert_eq!(&text[items[0].range.clone()], "x y");
    assert_eq!(&text[items[1].range.clone()], "{d: 1.5, e: true}");
    assert_eq!(&text[node.get("q").unwrap().range.clone()], "\"a\\tb\"");
}

#[test]
fn json_is_read_too() {
    let (node, found) = read("{\"a\": [1, -2, 1e3, null, \"x\\u00e9\"], \"b\": {}}");
    assert!(found.is_empty());
    assert_eq!(node.unwrap().to_json(), serde_json::json!({"a": [1, -2, 1e3, null, "xé"], "b": {}}));
}

#[test]
fn what_would_mean_something_else_is_reported_with_its_place() {
    for (text, finding) in [
        ("a: 1\nb: 2\na: 3", "a: the key `a` stands twice"),
        ("a: &x 1", "&x 1: anchors are not read"),
        ("a: *x", "*: aliases are not read"),
        ("a: !!str 1", "!!str 1: tags are not read"),
        ("a: 1\n---\nb: 1", "---: a pipeline file holds one document"),
        ("a:\n\t- b", "-: a tab in the indentation"),
        ("a: {f: x in [1]}", "[: `,` `[` `]` `{` `}` end an unquoted value here"),
        ("a: b: c", ":: a `:` that cannot stand here"),
        ("a: \"x", "\": a quote is not closed"),
        ("a: \"\\q\"", "\": an escape that YAML does not know"),
        ("a: @x", "@: a value cannot begin with this character"),
        ("a: [1, 2", ": a `[` or `{` is not closed"),
        ("[a]: 1", "[: a key must be text"),
        ("", ": the file is empty"),
        ("# only a comment\n", ": the file is empty"),
        ("<<: 1", "<<: merge keys are not read"),
    ] {
        let (_, found) = read(text);
        assert_eq!(found, [finding.to_owned()], "{text:?}");
    }
}

#[test]
fn deep_nesting_is_refused_and_does_not_overflow() {
    for depth in [65, 1_000, 100_000] {
        let (_, found) = read(&"[".repeat(depth));
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("too deeply nested"), "{found:?}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "[a-c:\\-{}\\[\\],'\"|>#&*! \n\t\\\\é]{0,40}") {
        let mut diags = Diags::default();
        let node = parse(&text, 7, &mut diags);
        proptest::prop_assert!(node.is_some() || diags.failed());
        for finding in &diags.findings {
            proptest::prop_assert!(finding.range.start >= 7 && finding.range.end <= 7 + text.len());
            proptest::prop_assert!(text.get(finding.range.start - 7..finding.range.end - 7).is_some());
        }
        if let Some(node) = node {
            check_places(&node, &text);
        }
    }
}

fn check_places(node: &Node, text: &str) {
    assert!(text.get(node.range.start - 7..node.range.end - 7).is_some(), "{node:?} in {text:?}");
    match &node.value {
        NodeValue::Text { text: decoded, offsets } => {
            assert_eq!(offsets.len(), decoded.len() + 1);
            assert!(offsets.is_sorted());
            for offset in offsets {
                assert!(text.is_char_boundary(offset - 7), "{node:?} in {text:?}");
            }
        }
        NodeValue::List(items) => items.iter().for_each(|item| check_places(item, text)),
        NodeValue::Map(entries) => entries.iter().for_each(|(_, _, value)| check_places(value, text)),
        _ => {}
    }
}
