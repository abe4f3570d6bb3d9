use super::super::testing::*;
use super::*;
use crate::event::escape::{escape_into, unescape_into};
use crate::event::{Column, Pair};
use proptest::prelude::*;
use serde_json::json;

fn redact(settings: serde_json::Value) -> Stage {
    stage("redact", settings).unwrap()
}

/// One raw line through the stage.
fn line(stage: &Stage, text: &str) -> String {
    let mut batch = batch(&[text]);
    apply(stage, &mut batch);
    alive(&batch).remove(0)
}

/// The secret parts stand between `«` and `»`.
fn marked(text: &str) -> (String, String) {
    let (mut plain, mut masked, mut inside) = (String::new(), String::new(), false);
    for c in text.chars() {
        match c {
            '«' => inside = true,
            '»' => inside = false,
            c => {
                plain.push(c);
                masked.push(if inside { '*' } else { c });
            }
        }
    }
    (plain, masked)
}

const SECRETS: &[&str] = &[
    "Authorization: Bearer «abc.def-123»",
    "authorization=Basic «dXNlcjpwYXNz»",
    "GET /x HTTP/1.1 | Authorization: Digest «username=\"x\"»",
    "curl -H 'Authorization: token «ghx12345»' https://h",
    "sending bearer «a8f5f167f44f4964e6c998dee827110c»",
    "key «sk-proj-abcdefGHIJ1234567890» used",
    "key=«sk-ant-api03-aaaaaaaaBBBBBBBB00001111»",
    "«ghp_abcdefghijklmnopqrstuvwxyz0123456789» and «github_pat_11ABCDEFG0abcdefghijkl_mnop»",
    "id «AKIAIOSFODNN7EXAMPLE», aws_secret_access_key = «wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»",
    "jwt «eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4fwpM» ok",
    "slack «xoxb-123456789012-abcdefABCDEF» hook https://«hooks.slack.com/services/T000/B000/XXXX1234»",
    "password=«hunter2»",
    "password=«p@ss,w!rd» next",
    "user=x password=«hunter2», host=y",
    "DB_PASSWORD: «hunter2»",
    "login --password «hunter2» --user x",
    "{\"user\":\"x\",\"password\":\"«hu\\\"nt»\",\"n\":1}",
    "{'password': '«hunter2»', 'a': 1}",
    "payload \"{\\\"api_key\\\":\\\"«k 1»\\\",\\\"a\\\":2}\"",
    "{\"tokens\":5,\"max_tokens\":100,\"credentials\":{\"user\":\"«bob»\",\"pin\":[\"«1»\"]}}",
    "Config { password: \"«hunter2»\", token: Some(\"«abc»\") }",
    "postgres://app:«s3cret»@db:5432/x?sslmode=off",
    "mongodb://app:«a/b»@db/x and https://«0123456789abcdef0123»@github.com/x",
    "https://h/cb?code=1&access_token=«ya29.abc»&x=y",
    "Cookie: «session=abc; theme=dark»",
    "x-api-key: «0a1b2c3d»",
    "password: \"«not closed",
    "-----BEGIN RSA PRIVATE KEY-----\n«MIIEpAIBAAKCAQEA1234»\n«abcdefghijklmnopqrstuvwx»\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\\n«MIIEpAIBAAKCAQEA1234»\\n-----END PRIVATE KEY-----",
    "first\\n«sk-abcdefgh12345678ijkl»\\nnext",
    "token: «deadbeef»",
];

const CLEAN: &[&str] = &[
    "listening on http://127.0.0.1:8080/mcp",
    "https://registry/@scope/pkg and http://h:8080/@x",
    "Unexpected token: is not valid",
    "invalid password: incorrect",
    "max_tokens=4096 prompt_tokens: 12 progressToken: 7",
    "{\"progressToken\":7,\"nextPageToken\":\"abc\",\"token_type\":\"bearer\"}",
    "bearer authentication required; basic authentication is off",
    "the password was changed, 3 tokens left",
    "risk-management-for-all-of-you",
    "token == other",
    "password: null, secret: None, token=",
    "mail bob@example.org",
    "C:\\temp\\new\\users",
    "password=********",
    "if pass_count > 3: passed = true; bypass=on",
];

#[test]
fn secrets_are_masked_and_nothing_else() {
    let stage = redact(json!({}));
    for text in SECRETS {
        let (plain, masked) = marked(text);
        assert_eq!(line(&stage, &plain), masked);
    }
    for text in CLEAN {
        assert_eq!(line(&stage, text), *text);
    }
}

#[test]
fn masking_again_changes_nothing() {
    let stage = redact(json!({}));
    for text in SECRETS {
        let once = line(&stage, &marked(text).0);
        let mut batch = batch(&[&once]);
        apply(&stage, &mut batch);
        assert_eq!((alive(&batch).remove(0), batch.tally.redacted), (once, 0), "{text}");
    }
}

#[test]
fn escaped_text_is_searched_by_its_meaning() {
    let stage = redact(json!({}));
    for text in SECRETS {
        let (plain, masked) = marked(text);
        let mut layers = plain.into_bytes();
        for depth in 1..=3 {
            let mut escaped = Vec::new();
            escape_into(&layers, &mut escaped);
            layers = escaped;
            let mut batch = batch(&[&layers]);
            let row = &mut batch.rows[0];
            (row.raw, row.message) = (row.raw.escaped(true), row.message.escaped(true));
            apply(&stage, &mut batch);
            let mut read = batch.text.stored(batch.rows[0].raw).to_vec();
            for _ in 0..depth {
                let mut out = Vec::new();
                unescape_into(&read, &mut out);
                read = out;
            }
            // An escape inside a secret has more bytes than what it means.
            let stars = |s: &str| s.split(|c| c != '*').map(|run| run.len().min(1)).collect::<Vec<_>>();
            let rest = |s: &str| s.replace('*', "");
            let read = String::from_utf8(read).unwrap();
            assert_eq!(rest(&read), rest(&masked), "{depth} layers");
            assert_eq!(stars(&read), stars(&masked), "{depth} layers of {text}");
        }
    }
}

#[test]
fn letters_written_as_escapes_hide_nothing() {
    let stage = redact(json!({}));
    for (stored, expected) in [
        (r#"{"p\u0061ssword":"hunter2"}"#, r#"{"p\u0061ssword":"*******"}"#),
        (r#"{"u":"http:\/\/a:secret@h\/"}"#, r#"{"u":"http:\/\/a:******@h\/"}"#),
        (r#"{"password":"h\u0075nter"}"#, r#"{"password":"***********"}"#),
    ] {
        assert_eq!(line(&stage, stored), expected);
    }
}

#[test]
fn numbers_stay_numbers_and_json_stays_json() {
    let stage = redact(json!({"patterns": ["4111[0-9]{4}"]}));
    let text = r#"{"password":123456,"o":{"card":41112222,"token":7},"card":41113333,"pin_token":4.5,"x":1}"#;
    let mut batch = json_batch(&[text]);
    apply(&stage, &mut batch);
    assert_eq!(
        alive(&batch),
        [r#"{"password":0.0000,"o":{"card":0.000000,"token":0},"card":0.000000,"pin_token":0.0,"x":1}"#]
    );
    assert_eq!(show_own(&batch, 0), r#"password=0 o={"card":0.000000,"token":0} card=0 pin_token=0 x=1"#);
    serde_json::from_str::<serde_json::Value>(&alive(&batch)[0]).unwrap();
}

#[test]
fn own_fields_and_columns_show_nothing_wherever_their_text_lies() {
    let stage = redact(json!({}));
    let mut batch = json_batch(&[r#"{"a":"hunter2 x","n":1}"#]);
    let made = |batch: &mut Batch, text: &str| Cell::Text(batch.text.push(text.as_bytes()));
    let value = made(&mut batch, "hunter2");
    batch.set(0, Field::named("login.password"), value);
    let value = made(&mut batch, "copy of sk-abcdefgh12345678ijkl");
    batch.set(0, Field::LOGGER, value);
    batch.set(0, Field::named("pin.secret"), Cell::Int(4711));
    let object = batch.text.push(br#"{"k":"v","n":[5]}"#);
    let key = batch.text.push(b"credentials");
    let at = batch.pairs.len();
    batch.pairs.push(Pair { key, value: Cell::Json(object) });
    batch.pairs.swap(at - 1, at);
    batch.rows[0].rest_at += 0;
    batch.rows[0].rest_len += 1;
    apply(&stage, &mut batch);
    assert_eq!(show(&batch, 0, "login.password"), "*******");
    assert_eq!(show(&batch, 0, "logger"), "copy of ***********************");
    assert_eq!(show(&batch, 0, "pin.secret"), "0");
    assert_eq!(show(&batch, 0, "credentials"), r#"{"k":"*","n":[0]}"#);
    assert_eq!(show(&batch, 0, "a"), "******* x", "a copy without its name");
    assert_eq!(alive(&batch), [r#"{"a":"******* x","n":1}"#]);
}

#[test]
fn a_record_that_was_wrapped_inside_a_secret_shows_no_half_of_it() {
    let stage = redact(json!({}));
    let raw = "INFO  using sk-abcdefgh12345678      server.py:12\n      ijklMNOP90 now";
    let mut batch = batch(&[raw]);
    batch.rows[0].message = batch.text.push(b"using sk-abcdefgh12345678ijklMNOP90 now");
    apply(&stage, &mut batch);
    assert_eq!(show(&batch, 0, "message"), "using ***************************** now");
    assert_eq!(alive(&batch), ["INFO  using *******************      server.py:12\n      ********** now"]);
}

#[test]
fn mail_patterns_and_names_are_masked_if_asked() {
    let stage =
        redact(json!({"email": true, "patterns": ["CUST-[0-9]+", "order (\\d+)"], "names": ["X-Session"]}));
    for text in [
        "mail «bob.b+x@mail.example.org», «CUST-42» order «17» done",
        "x_session=«abc» xsession: «abc» {\"x-session\":\"«abc»\"}",
    ] {
        let (plain, masked) = marked(text);
        assert_eq!(line(&stage, &plain), masked);
    }
}

#[test]
fn patterns_see_each_field_by_itself() {
    let stage = redact(json!({"patterns": ["^abc$"]}));
    let mut batch = json_batch(&[r#"{"a":"abc","b":"abcd"}"#]);
    apply(&stage, &mut batch);
    assert_eq!(show_own(&batch, 0), "a=*** b=abcd");
}

#[test]
fn patterns_that_take_json_apart_leave_text() {
    let stage = redact(json!({"patterns": ["\"k\":.*"]}));
    let mut batch = json_batch(&[r#"{"o":{"k":1},"z":2}"#]);
    apply(&stage, &mut batch);
    assert!(matches!(batch.pairs[0].value, Cell::Text(_)));
}

#[test]
fn another_branch_keeps_its_text() {
    let mut first = batch(&["password=hunter2"]);
    let second = first.clone();
    apply(&redact(json!({})), &mut first);
    assert_eq!(
        (alive(&first), alive(&second)),
        (vec!["password=*******".into()], vec!["password=hunter2".into()])
    );
}

#[test]
fn places_are_counted() {
    let mut batch = batch(&["password=a1 token=b2", "x", "secret=c3"]);
    apply(&redact(json!({})), &mut batch);
    assert_eq!(batch.tally.redacted, 3);
}

#[test]
fn constants_of_the_settings_stay() {
    let mut batch = batch(&["x"]);
    let column = Column::All(crate::event::Constant::Text("sk-abcdefgh12345678ijkl".into()));
    batch.set_column(Field::named("note"), column);
    apply(&redact(json!({})), &mut batch);
    assert_eq!(show(&batch, 0, "note"), "sk-abcdefgh12345678ijkl");
}

#[test]
fn bad_settings_are_refused() {
    for (settings, message) in [
        (json!({"patterns": ["("]}), "not a regular expression: unclosed group"),
        (json!({"patterns": ["x*"]}), "this pattern matches everywhere, even nothing"),
        (json!({"names": ["-"]}), "`-` is no name of a secret"),
    ] {
        assert_eq!(stage("redact", settings).err().unwrap(), [message]);
    }
}

proptest! {
    #[test]
    fn any_text_keeps_its_length_and_its_validity(
        parts in proptest::collection::vec(
            prop_oneof![
                "\\PC{0,6}",
                Just("password".to_owned()), Just("\":\"".to_owned()), Just("\"".to_owned()), Just("\\".to_owned()),
                Just("\\u0041".to_owned()), Just("token=".to_owned()), Just("://a:".to_owned()), Just("@".to_owned()),
                Just("{".to_owned()), Just("}".to_owned()), Just(" ".to_owned()), Just("\n".to_owned()),
                Just("BEGIN PRIVATE KEY-----".to_owned()), Just("sk-abcdefgh12345678ijkl".to_owned()),
                Just("Authorization: ".to_owned()), Just("[".to_owned()), Just("12".to_owned()), Just(":".to_owned()),
            ], 0..16),
        escaped in any::<bool>(),
    ) {
        let text = parts.concat();
        let mut stored = text.clone().into_bytes();
        if escaped {
            stored.clear();
            escape_into(text.as_bytes(), &mut stored);
        }
        let mut batch = batch(&[&stored]);
        let row = &mut batch.rows[0];
        (row.raw, row.message) = (row.raw.escaped(escaped), row.message.escaped(escaped));
        apply(&redact(json!({"email": true, "patterns": ["[a-c]{2}."]})), &mut batch);
        let masked = batch.text.stored(batch.rows[0].raw);
        prop_assert_eq!(masked.len(), stored.len());
        prop_assert!(std::str::from_utf8(masked).is_ok());
        if escaped {
            let json = [b"\"", masked, b"\""].concat();
            prop_assert!(serde_json::from_slice::<String>(&json).is_ok(), "{}", String::from_utf8_lossy(&json));
        }
    }
}
