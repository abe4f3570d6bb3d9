use super::*;

#[test]
fn the_newest_version_that_both_speak_is_agreed_on() {
    let api = |text: &str| Api::parse(text).unwrap();
    for (theirs, least, agreed) in [
        ("1.41", "1.12", Some("1.41")),
        ("1.52", "1.44", Some("1.47")),
        ("1.60", "1.50", Some("1.50")),
        ("1.24", "1.12", Some("1.24")),
        ("1.22", "1.12", None),
        ("2.0", "1.24", Some("1.47")),
    ] {
        assert_eq!(agree(api(theirs), api(least)), agreed.map(api), "{theirs}");
    }
}

#[test]
fn versions_are_numbers_not_text() {
    assert!(Api::parse("1.9") < Api::parse("1.24"));
    for odd in ["", "1", "x.y", "1.-1"] {
        assert_eq!(Api::parse(odd), None, "{odd}");
    }
}

#[test]
fn text_in_an_address_is_encoded() {
    assert_eq!(to_url("mcp-a_b.c~1"), "mcp-a_b.c~1");
    assert_eq!(to_url("../a b/ü?&"), "..%2Fa%20b%2F%C3%BC%3F%26");
}
