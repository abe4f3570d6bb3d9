//! Names whose values are secret.

/// Ends of names of secrets, without case, `_`, `-` and dots.
const ENDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passwords",
    "pwd",
    "secret",
    "secrets",
    "token",
    "accesstokens",
    "refreshtokens",
    "apikey",
    "apikeys",
    "accesskey",
    "secretkey",
    "privatekey",
    "signingkey",
    "encryptionkey",
    "masterkey",
    "sharedkey",
    "accountkey",
    "authkey",
    "clientkey",
    "sessionkey",
    "secretkeybase",
    "accesskeyid",
    "authorization",
    "credential",
    "credentials",
    "cookie",
    "signature",
];

/// Last words of names of secrets; as ends of longer words they mean something else (`bypass`).
const WORDS: &[&str] = &["pass", "jwt", "sig"];

/// Names that end like one of a secret and are none: paging, progress, parsers.
const NOT: &[&str] = &[
    "progresstoken",
    "pagetoken",
    "nexttoken",
    "continuationtoken",
    "cancellationtoken",
    "canceltoken",
    "synctoken",
    "unexpectedtoken",
    "maxtoken",
    "stoptoken",
    "eostoken",
    "bostoken",
    "padtoken",
    "pertoken",
    "functionsignature",
    "methodsignature",
    "typesignature",
    "callsignature",
    "toolsignature",
];

/// What may follow the telling part: `password_hash`, `token_value`.
const TAILS: &[&str] = &["hash", "value", "plain", "plaintext", "base64", "b64", "text"];

/// Literals of which every secret's name has one, in lower case.
pub const LITERALS: &[&str] = &[
    "pass",
    "pwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "api.key",
    "accesskey",
    "access_key",
    "access-key",
    "privatekey",
    "private_key",
    "private-key",
    "signingkey",
    "signing_key",
    "signing-key",
    "encryptionkey",
    "encryption_key",
    "encryption-key",
    "masterkey",
    "master_key",
    "master-key",
    "sharedkey",
    "shared_key",
    "shared-key",
    "accountkey",
    "account_key",
    "account-key",
    "authkey",
    "auth_key",
    "auth-key",
    "clientkey",
    "client_key",
    "client-key",
    "sessionkey",
    "session_key",
    "session-key",
    "authorization",
    "credential",
    "cookie",
    "signature",
    "sig",
    "jwt",
];

/// A name without case, `_`, `-`, dots and digits at its end.
pub fn plain(name: &str) -> String {
    let letters: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    letters.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned()
}

/// Longest name that is looked at.
const LONGEST: usize = 128;

/// Whether the value of this name is a secret.
pub fn is_secret(name: &[u8]) -> bool {
    if name.len() < 3 || name.len() > LONGEST || !name.is_ascii() {
        return false;
    }
    let mut letters = [0; LONGEST];
    let mut len = 0;
    for byte in name.iter().filter(|b| b.is_ascii_alphanumeric()) {
        letters[len] = byte.to_ascii_lowercase();
        len += 1;
    }
    let mut letters = without_digits(&letters[..len]);
    for tail in TAILS {
        if let Some(front) = letters.strip_suffix(tail.as_bytes())
            && !front.is_empty()
        {
            letters = front;
            break;
        }
    }
    if NOT.iter().any(|not| letters.ends_with(not.as_bytes())) {
        return false;
    }
    let word = last_word(name);
    ENDS.iter().any(|end| letters.ends_with(end.as_bytes()))
        || WORDS.iter().any(|secret| word.eq_ignore_ascii_case(secret.as_bytes()))
}

fn without_digits(name: &[u8]) -> &[u8] {
    let digits = name.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    &name[..name.len() - digits]
}

/// The last word of a name: behind the last `_`, `-`, dot, or capital after a small letter.
fn last_word(name: &[u8]) -> &[u8] {
    let name = without_digits(name);
    let separator = name.iter().rposition(|b| matches!(b, b'_' | b'-' | b'.')).map_or(0, |at| at + 1);
    let word = &name[separator..];
    let capital = word.windows(2).rposition(|two| two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase());
    &word[capital.map_or(0, |at| at + 1)..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_told_from_names_like_them() {
        for name in [
            "password",
            "DB_PASSWORD",
            "spring.datasource.password",
            "userPassword",
            "passwd",
            "db_pass",
            "dbPass",
            "PASS",
            "api_key",
            "apiKey",
            "X-API-Key",
            "OPENAI_API_KEY",
            "token",
            "access_token",
            "accessToken",
            "refresh-token",
            "Authorization",
            "proxy-authorization",
            "client_secret",
            "aws_secret_access_key",
            "AWS_ACCESS_KEY_ID",
            "private_key",
            "password2",
            "password_hash",
            "credentials",
            "set-cookie",
            "jwt",
            "X-Amz-Signature",
            "sig",
            "_authToken",
            "secrets",
        ] {
            assert!(is_secret(name.as_bytes()), "{name}");
        }
        for name in [
            "key",
            "max_tokens",
            "tokens",
            "prompt_tokens",
            "progressToken",
            "next_page_token",
            "tokenizer",
            "author",
            "bypass",
            "compass",
            "passed",
            "secretary",
            "monkey",
            "token_count",
            "keyboard",
            "path",
            "signatures",
            "signal",
            "auth",
            "user",
            "token_type",
            "expires_in",
            "cookies_enabled",
        ] {
            assert!(!is_secret(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn every_secret_name_has_one_of_the_literals() {
        for end in ENDS.iter().chain(WORDS) {
            assert!(LITERALS.iter().any(|literal| end.contains(literal)), "{end}");
        }
    }
}
