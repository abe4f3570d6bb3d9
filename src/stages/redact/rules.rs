//! What secrets look like in plain text.
//!
//! * Every rule has literals; a text that has none of them is not looked at further.
//! * A rule finds the secret alone: names, schemes and users around it stay readable.

use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::bytes::Regex;

use super::mask::{Mask, in_json_number};
use super::names;
use super::values::{find_value, in_pem, in_url, looks_made, name_around};

/// Which rules a literal stands for.
const TOKEN: u8 = 1;
const NAME: u8 = 1 << 1;
const URL: u8 = 1 << 2;
const EMAIL: u8 = 1 << 3;
const SCHEME: u8 = 1 << 4;
const PEM: u8 = 1 << 5;
/// Letters or slashes may be written as escapes; only the unescaped text tells.
const ESCAPE: u8 = 1 << 6;

/// Tokens that are known by their form alone. The comment behind a group names who issues it.
const TOKENS: &str = concat!(
    r"(?-u)\b(?:",
    r"sk-[A-Za-z0-9_-]{16,}", // OpenAI, Anthropic and those who copy them
    r"|[srp]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{16,}", // Stripe
    r"|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{20,}", // GitHub
    r"|gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[A-Za-z0-9_.-]{16,}", // GitLab
    r"|(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b", // AWS
    r"|AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{20,}|GOCSPX-[A-Za-z0-9_-]{20,}", // Google
    r"|xox[a-z]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}", // Slack
    r"|hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/]{16,}", // Slack web hooks
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,3}", // JSON Web Tokens
    r"|npm_[A-Za-z0-9]{20,}|pypi-[A-Za-z0-9_-]{20,}|dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}", // package registries
    r"|hf_[A-Za-z0-9]{20,}|r8_[A-Za-z0-9]{20,}|gsk_[A-Za-z0-9]{20,}|xai-[A-Za-z0-9]{20,}|pplx-[A-Za-z0-9]{20,}", // models
    r"|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|key-[0-9a-f]{32}\b", // SendGrid, Mailgun
    r"|do[opr]_v1_[a-f0-9]{32,}|dapi[a-f0-9]{32}|sh(?:pat|pca|ppa|pss)_[a-fA-F0-9]{32}", // DigitalOcean, Databricks, Shopify
    r"|hv[sbr]\.[A-Za-z0-9_-]{20,}|AGE-SECRET-KEY-1[A-Z0-9]{40,}|ATATT3[A-Za-z0-9_=-]{20,}", // Vault, age, Atlassian
    r"|lin_api_[A-Za-z0-9]{20,}|ntn_[A-Za-z0-9]{20,}|tvly-[A-Za-z0-9-]{16,}|AC[a-f0-9]{32}\b", // Linear, Notion, Tavily
    r"|[0-9]{8,10}:AA[A-Za-z0-9_-]{32,}", // Telegram bots
    r")",
);

/// One of these stands in every text that [`TOKENS`] matches.
const TOKEN_LITERALS: &[&str] = &[
    "sk-",
    "sk_",
    "rk_",
    "pk_",
    "whsec_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "glrt-",
    "glcbt-",
    "glptt-",
    "glft-",
    "glsoat-",
    "akia",
    "asia",
    "abia",
    "acca",
    "aiza",
    "ya29.",
    "gocspx-",
    "xox",
    "xapp-",
    "hooks.slack",
    "eyj",
    "npm_",
    "pypi-",
    "dckr_",
    "hf_",
    "r8_",
    "gsk_",
    "xai-",
    "pplx-",
    "sg.",
    "key-",
    "doo_v1",
    "dop_v1",
    "dor_v1",
    "dapi",
    "shpat_",
    "shpca_",
    "shppa_",
    "shpss_",
    "hvs.",
    "hvb.",
    "hvr.",
    "age-secret",
    "atatt3",
    "lin_api_",
    "ntn_",
    "tvly-",
    ":aa",
];

/// What a first look at a text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspicion {
    /// Nothing that secrets come with.
    None,
    /// Nothing but escapes, which may hide something.
    Escapes,
    /// Something that secrets come with.
    Some,
}

/// The rules of one `redact`.
pub struct Rules {
    literals: AhoCorasick,
    kinds: Vec<u8>,
    tokens: Regex,
    schemes: Regex,
    email: Option<Regex>,
    patterns: Vec<Regex>,
    names: Vec<String>,
}

impl Rules {
    /// The built-in rules and the user's.
    pub fn new(email: bool, patterns: Vec<Regex>, names: &[String]) -> Rules {
        let mut literals: Vec<(String, u8)> = Vec::new();
        literals.extend(TOKEN_LITERALS.iter().map(|l| ((*l).to_owned(), TOKEN)));
        literals.extend(names::LITERALS.iter().map(|l| ((*l).to_owned(), NAME)));
        for name in names {
            let lower = name.to_ascii_lowercase();
            for spelling in
                [lower.clone(), lower.replace('-', "_"), lower.replace('_', "-"), names::plain(name)]
            {
                literals.push((spelling, NAME));
            }
        }
        literals.push(("://".to_owned(), URL));
        literals.push(("bearer".to_owned(), SCHEME));
        literals.push(("basic ".to_owned(), SCHEME));
        literals.push(("private key-----".to_owned(), PEM));
        literals.push(("\\u".to_owned(), ESCAPE));
        literals.push(("\\/".to_owned(), ESCAPE));
        if email {
            literals.push(("@".to_owned(), EMAIL));
        }
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(true)
            .kind(Some(aho_corasick::AhoCorasickKind::DFA))
            .build(literals.iter().map(|(literal, _)| literal));
        let regex = |text: &str| Regex::new(text).expect("the built-in rules are regular expressions");
        Rules {
            literals: finder.expect("a few hundred short literals fit any automaton"),
            kinds: literals.into_iter().map(|(_, kind)| kind).collect(),
            tokens: regex(TOKENS),
            schemes: regex(r#"(?i-u)\b(?:bearer|basic)[ :=]+["']?([A-Za-z0-9._~+/=-]{8,})"#),
            email: email.then(|| regex(r"(?-u)[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}")),
            patterns,
            names: names.iter().map(|name| names::plain(name)).collect(),
        }
    }

    /// Whether the user has patterns of their own, which may need the text of every field by itself.
    pub fn has_patterns(&self) -> bool {
        !self.patterns.is_empty()
    }

    /// Whether a text needs a closer look.
    pub fn suspects(&self, text: &[u8]) -> Suspicion {
        if self.has_patterns() {
            return Suspicion::Some;
        }
        let mut suspicion = Suspicion::None;
        for hit in self.literals.find_overlapping_iter(text) {
            if self.kinds[hit.pattern().as_usize()] != ESCAPE {
                return Suspicion::Some;
            }
            suspicion = Suspicion::Escapes;
        }
        suspicion
    }

    /// Whether the value of this name is a secret.
    pub fn is_secret_name(&self, name: &[u8]) -> bool {
        if names::is_secret(name) {
            return true;
        }
        if self.names.is_empty() {
            return false;
        }
        let plain = names::plain(&String::from_utf8_lossy(name));
        self.names.iter().any(|own| plain.ends_with(own))
    }

    /// Whether a number is what the user's patterns look for.
    pub fn is_secret_number(&self, number: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.is_match(number.as_bytes()))
    }

    /// Calls `f` with every secret in a text without escapes.
    pub fn find(&self, text: &[u8], f: &mut dyn FnMut(Range<usize>, Mask)) {
        let (mut kinds, mut names_done) = (0, 0);
        for hit in self.literals.find_overlapping_iter(text) {
            let kind = self.kinds[hit.pattern().as_usize()];
            kinds |= kind;
            match kind {
                NAME if hit.start() >= names_done => {
                    let name = name_around(text, hit.start()..hit.end());
                    names_done = name.end;
                    if self.is_secret_name(&text[name.clone()]) {
                        find_value(text, name, f);
                    }
                }
                URL => {
                    if let Some(range) = in_url(text, hit.end()) {
                        f(range, Mask::Stars);
                    }
                }
                PEM => in_pem(text, hit.end(), f),
                _ => {}
            }
        }
        if kinds & TOKEN != 0 {
            for hit in self.tokens.find_iter(text) {
                if looks_made(hit.as_bytes()) {
                    f(hit.range(), Mask::Stars);
                }
            }
        }
        if kinds & SCHEME != 0 {
            for hit in self.schemes.captures_iter(text) {
                if let Some(secret) = hit.get(1)
                    && looks_made(secret.as_bytes())
                {
                    f(secret.range(), Mask::Stars);
                }
            }
        }
        if let Some(email) = &self.email
            && kinds & EMAIL != 0
        {
            email.find_iter(text).for_each(|hit| f(hit.range(), Mask::Stars));
        }
        for pattern in &self.patterns {
            if pattern.captures_len() == 1 {
                pattern.find_iter(text).for_each(|hit| user_hit(text, hit.range(), f));
                continue;
            }
            for hit in pattern.captures_iter(text) {
                if let Some(group) = hit.get(1) {
                    user_hit(text, group.range(), f);
                }
            }
        }
    }
}

fn user_hit(text: &[u8], range: Range<usize>, f: &mut dyn FnMut(Range<usize>, Mask)) {
    if range.is_empty() {
        return;
    }
    let mask = if in_json_number(text, &range) { Mask::Zero } else { Mask::Stars };
    f(range, mask);
}
