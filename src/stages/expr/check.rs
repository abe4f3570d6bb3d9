//! Compares an expression with the schema of the events it will see.

use std::ops::Range;

use super::{Compare, Expr, Literal, Literally, Name, Node, Op, Problem};
use crate::config::diagnostic::Severity;
use crate::config::near;
use crate::event::{Level, Schema, Type};

impl Expr {
    /// What cannot work, or will not do what was meant, on events of this schema.
    pub fn check(&self, schema: &Schema) -> Vec<Problem> {
        let mut problems = Vec::new();
        check(&self.root, schema, &mut problems);
        problems
    }
}

fn check(node: &Node, schema: &Schema, problems: &mut Vec<Problem>) {
    match node {
        Node::Or(nodes) | Node::And(nodes) => {
            for node in nodes {
                check(node, schema, problems);
            }
        }
        Node::Not(node) => check(node, schema, problems),
        Node::Exists(name) => {
            type_of(name, schema, problems);
        }
        Node::Is(name) => {
            if let Some(ty) = type_of(name, schema, problems)
                && ty != Type::Bool
            {
                let message = format!("`{}` is {}, not true or false", name.text, describe(ty));
                let help = format!("compare it, or write exists({})", name.text);
                error(problems, &name.range, message, "a field alone is a yes or no", Some(help));
            }
        }
        Node::Compare(compare) => check_compare(compare, schema, problems),
        Node::Bad => {}
    }
}

fn error(
    problems: &mut Vec<Problem>,
    range: &Range<usize>,
    message: String,
    label: &str,
    help: Option<String>,
) {
    let (range, label) = (range.clone(), label.to_owned());
    problems.push(Problem { severity: Severity::Error, range, message, label, help });
}

/// The type of a field, if it is known; an unknown field is reported.
fn type_of(name: &Name, schema: &Schema, problems: &mut Vec<Problem>) -> Option<Type> {
    if let Some(found) = schema.get(name.field) {
        // A JSON value may be of any type.
        return (found.ty != Type::Json).then_some(found.ty);
    }
    if let Some(known) = name.field.known() {
        let message = format!("nothing makes `{}` here", name.text);
        let help = match known.from {
            "extract" => Some("put `extract: tools` before it".to_owned()),
            "source" => None,
            from => Some(format!("put `{from}` before it")),
        };
        let (range, label) = (name.range.clone(), "no event has it".to_owned());
        // On an open schema a line's own field of this name may be meant.
        let severity = if schema.open { Severity::Warning } else { Severity::Error };
        problems.push(Problem { severity, range, message, label, help });
        return Some(known.ty);
    }
    let names = schema.names();
    let names = names.iter().map(String::as_str);
    let (range, label) = (name.range.clone(), "not known".to_owned());
    let message = format!("no field `{}`", name.text);
    if schema.open {
        if let Some(near) = near::near_miss(&name.text, names) {
            let help = Some(format!(
                "did you mean `{near}`? only lines with a field of their own called `{}` are found",
                name.text
            ));
            problems.push(Problem { severity: Severity::Warning, range, message, label, help });
        }
        return None;
    }
    let here: Vec<&str> = schema.iter().map(|f| f.field.name()).collect();
    let help = match near::near_miss(&name.text, names) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None => near::help(&name.text, here.iter().copied()),
    };
    problems.push(Problem { severity: Severity::Error, range, message, label, help });
    None
}

fn check_compare(compare: &Compare, schema: &Schema, problems: &mut Vec<Problem>) {
    let ty = type_of(&compare.name, schema, problems);
    let op = compare.op;
    if op.is_textual() {
        for literal in &compare.literals {
            if !matches!(literal.value, Literally::Text { .. }) {
                let message = format!("`{}` takes text", op.as_str());
                error(problems, &literal.range, message, "not text", Some("quote it".into()));
            }
        }
        if let Some(ty) = ty
            && ty != Type::Text
        {
            let message = format!(
                "`{}` looks inside text, and `{}` is {}",
                op.as_str(),
                compare.name.text,
                describe(ty)
            );
            let help = match ty {
                Type::Level => {
                    "write level in [WARN, ERROR], or use level.text, the level as written".to_owned()
                }
                ty => format!("compare it, as in {} {}", compare.name.text, example(ty)),
            };
            error(problems, &compare.op_range, message, "for text only", Some(help));
        }
        return;
    }
    let ordered = matches!(op, Op::Lt | Op::Le | Op::Gt | Op::Ge);
    for literal in &compare.literals {
        if let Some(ty) = ty {
            if ordered && ty == Type::Bool {
                let message = format!("`{}` is true or false and has no order", compare.name.text);
                error(
                    problems,
                    &compare.op_range,
                    message,
                    "for values with an order",
                    Some("write ==".into()),
                );
                return;
            }
            if !fits(&literal.value, ty) {
                let message = format!(
                    "`{}` is {} and cannot be compared with {}",
                    compare.name.text,
                    describe(ty),
                    describe_literal(literal)
                );
                let help = format!("write {} {}", compare.name.text, example(ty));
                error(problems, &literal.range, message, &format!("not {}", describe(ty)), Some(help));
            }
        } else if ordered && matches!(literal.value, Literally::Bool(_)) {
            let message = "true and false have no order".to_owned();
            error(problems, &compare.op_range, message, "for values with an order", Some("write ==".into()));
        }
    }
}

fn fits(literal: &Literally, ty: Type) -> bool {
    match ty {
        Type::Text => matches!(literal, Literally::Text { .. }),
        Type::Level => matches!(literal, Literally::Level(_) | Literally::Text { level: Some(_), .. }),
        Type::Int | Type::Float => matches!(literal, Literally::Int(_) | Literally::Float(_)),
        Type::Bool => matches!(literal, Literally::Bool(_)),
        Type::Duration => matches!(literal, Literally::Duration(_) | Literally::Int(0)),
        Type::Bytes => matches!(literal, Literally::Size(_) | Literally::Int(_)),
        Type::Time => matches!(literal, Literally::Time(_) | Literally::Text { time: Some(_), .. }),
        Type::Json => true,
    }
}

fn describe(ty: Type) -> &'static str {
    match ty {
        Type::Text => "text",
        Type::Int => "a whole number",
        Type::Float => "a number",
        Type::Bool => "true or false",
        Type::Level => "a level",
        Type::Time => "a time",
        Type::Duration => "a duration",
        Type::Bytes => "a size",
        Type::Json => "a JSON value",
    }
}

fn describe_literal(literal: &Literal) -> String {
    match &literal.value {
        Literally::Text { text, .. } => format!("the text \"{}\"", String::from_utf8_lossy(text)),
        Literally::Level(level) => format!("the level {level}"),
        Literally::Int(n) => format!("the number {n}"),
        Literally::Float(n) => format!("the number {n}"),
        Literally::Bool(b) => b.to_string(),
        Literally::Duration(_) => "a duration".to_owned(),
        Literally::Size(_) => "a size".to_owned(),
        Literally::Time(_) => "a time".to_owned(),
    }
}

fn example(ty: Type) -> String {
    match ty {
        Type::Text => "== \"text\" (in quotes)".to_owned(),
        Type::Int | Type::Float => "> 100".to_owned(),
        Type::Bool => "== true".to_owned(),
        Type::Level => format!(">= {}", Level::Warn),
        Type::Time => ">= 2026-01-27T16:47Z".to_owned(),
        Type::Duration => "> 500ms".to_owned(),
        Type::Bytes => "> 4MiB".to_owned(),
        Type::Json => "== \"text\"".to_owned(),
    }
}
