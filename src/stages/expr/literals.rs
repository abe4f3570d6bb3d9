//! What a record must hold so that a condition can be true of it.

use regex_syntax::hir::Hir;
use regex_syntax::hir::literal::{ExtractKind, Extractor, Seq};

use super::{Compare, Expr, Literally, Name, Node, Op};
use crate::event::{Field, Level, Schema};
use crate::stages::needles::{MadeBy, Needles};

/// Why a condition has no literals.
pub type Reason = String;

impl Expr {
    /// The needles of which a record must have one to satisfy the condition; or why there are none.
    ///
    /// `schema` says what makes each field, `made_by` what that stage needs to find.
    pub fn literals(&self, schema: &Schema, made_by: MadeBy<'_>) -> Result<Needles, Reason> {
        literals(&self.root, schema, made_by)
    }
}

fn literals(node: &Node, schema: &Schema, made_by: MadeBy<'_>) -> Result<Needles, Reason> {
    match node {
        Node::Or(nodes) => {
            let mut all = Needles::default();
            for node in nodes {
                all.or(&literals(node, schema, made_by)?);
            }
            Ok(all)
        }
        Node::And(nodes) => {
            // Any part is necessary: the rarest is searched.
            let mut best: Result<Needles, Reason> = Err(String::new());
            for node in nodes {
                match (literals(node, schema, made_by), &mut best) {
                    (Ok(found), Ok(old)) if found.worth() <= old.worth() => {}
                    (Ok(found), best) => *best = Ok(found),
                    (Err(reason), Err(reasons)) if reasons.is_empty() => *reasons = reason,
                    (Err(reason), Err(reasons)) => *reasons = format!("{reasons}; {reason}"),
                    (Err(_), Ok(_)) => {}
                }
            }
            best
        }
        Node::Not(_) => Err("`not` is true of records that lack something".into()),
        Node::Exists(name) | Node::Is(name) => {
            if name.field == Field::LEVEL {
                return Ok(Needles::levels(Level::ALL));
            }
            made(name, schema, made_by)
        }
        Node::Compare(compare) => of_compare(compare, schema, made_by),
        Node::Bad => Err("the condition has a mistake".into()),
    }
}

/// The needles of whatever makes a field that is not written in the line.
fn made(name: &Name, schema: &Schema, made_by: MadeBy<'_>) -> Result<Needles, Reason> {
    let Some(known) = schema.get(name.field) else {
        return Err(format!("`{}` may be any line's own field", name.text));
    };
    made_by(&known.from)
        .ok_or_else(|| format!("`{}` comes from `{}`, not from the text", name.text, known.from))
}

fn of_compare(compare: &Compare, schema: &Schema, made_by: MadeBy<'_>) -> Result<Needles, Reason> {
    let (name, op) = (&compare.name, compare.op);
    if name.field == Field::LEVEL {
        return Ok(Needles::levels(Level::ALL.into_iter().filter(|level| level_passes(*level, compare))));
    }
    if !is_written(name, schema) {
        return made(name, schema, made_by);
    }
    match op {
        Op::Matches => {
            let Some(regex) = &compare.regex else {
                return Err("the pattern has a mistake".into());
            };
            of_pattern(regex.as_str())
        }
        Op::Eq | Op::In | Op::Contains | Op::StartsWith | Op::EndsWith => {
            let mut all = Needles::default();
            for literal in &compare.literals {
                let Literally::Text { text, .. } = &literal.value else {
                    return Err(format!(
                        "`{}` is compared with a value that can be written in many ways",
                        name.text
                    ));
                };
                let Some(found) = Needles::text(text) else {
                    let text = String::from_utf8_lossy(text);
                    return Err(format!("\"{text}\" is too short, or may be escaped"));
                };
                all.or(&found);
            }
            Ok(all)
        }
        _ => Err(format!("`{}` is true of too many records", op.as_str())),
    }
}

fn level_passes(level: Level, compare: &Compare) -> bool {
    let wanted = |literal: &super::Literal| match literal.value {
        Literally::Level(wanted) | Literally::Text { level: Some(wanted), .. } => Some(wanted),
        _ => None,
    };
    let mut all = compare.literals.iter().filter_map(wanted);
    match compare.op {
        Op::In => all.any(|wanted| level == wanted),
        Op::NotIn => all.all(|wanted| level != wanted),
        op => all.next().is_none_or(|wanted| match op {
            Op::Eq => level == wanted,
            Op::Ne => level != wanted,
            Op::Lt => level < wanted,
            Op::Le => level <= wanted,
            Op::Gt => level > wanted,
            Op::Ge => level >= wanted,
            _ => true,
        }),
    }
}

/// Whether a field's value is a piece of the record's text.
fn is_written(name: &Name, schema: &Schema) -> bool {
    match schema.get(name.field) {
        _ if matches!(name.field, Field::MESSAGE | Field::RAW | Field::LEVEL_TEXT | Field::LOGGER) => true,
        // The origin and the times are not in the text.
        Some(known) => known.from == "parse" && name.field.known().is_none(),
        None => schema.open && name.field.known().is_none(),
    }
}

/// The needles of a regular expression: every match holds one of them.
pub fn of_pattern(pattern: &str) -> Result<Needles, Reason> {
    let hir =
        regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern).map_err(|e| e.to_string())?;
    let why = || format!("no literal is in every match of `{pattern}`");
    needles_of(&hir).ok_or_else(why)
}

/// The best of what begins, ends or stands inside every match.
fn needles_of(hir: &Hir) -> Option<Needles> {
    use regex_syntax::hir::HirKind;
    let mut best: Option<Needles> = None;
    let mut offer = |found: Option<Needles>| {
        if let Some(found) = found
            && best.as_ref().is_none_or(|old| old.worth() < found.worth())
        {
            best = Some(found);
        }
    };
    for kind in [ExtractKind::Prefix, ExtractKind::Suffix] {
        offer(of_sequence(&Extractor::new().kind(kind).extract(hir)));
    }
    match hir.kind() {
        HirKind::Concat(parts) => {
            for part in parts {
                offer(needles_of(part));
            }
        }
        HirKind::Alternation(parts) => {
            let mut all = Needles::default();
            let mut whole = true;
            for part in parts {
                match needles_of(part) {
                    Some(found) => all.or(&found),
                    None => whole = false,
                }
            }
            offer((whole && !all.is_empty()).then_some(all));
        }
        HirKind::Capture(capture) => offer(needles_of(&capture.sub)),
        HirKind::Repetition(repetition) if repetition.min > 0 => offer(needles_of(&repetition.sub)),
        _ => {}
    }
    best
}

fn of_sequence(sequence: &Seq) -> Option<Needles> {
    let mut all = Needles::default();
    for literal in sequence.literals()? {
        all.or(&Needles::text(literal.as_bytes())?);
    }
    (!all.is_empty()).then_some(all)
}
