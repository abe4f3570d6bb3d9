//! Tables for people.

use unicode_width::UnicodeWidthStr;

use super::words;

/// A colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Colour {
    /// As it is.
    None,
    /// All is well.
    Green,
    /// Look here.
    Yellow,
    /// Something is wrong.
    Red,
    /// Not important.
    Faint,
}

impl Colour {
    fn code(self) -> &'static str {
        match self {
            Colour::None => "",
            Colour::Green => "\x1b[32m",
            Colour::Yellow => "\x1b[33m",
            Colour::Red => "\x1b[31m",
            Colour::Faint => "\x1b[2m",
        }
    }

    /// A text in this colour, if there are colours.
    pub(in crate::cli) fn paint(self, text: &str, colours: bool) -> String {
        match self {
            Colour::None => text.to_owned(),
            _ if !colours => text.to_owned(),
            _ => format!("{}{text}\x1b[0m", self.code()),
        }
    }
}

/// Text in a table.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Cell {
    text: String,
    colour: Colour,
}

impl Cell {
    /// A text that may come from an engine.
    pub(in crate::cli) fn new(text: &str) -> Cell {
        Cell { text: words::clean(text), colour: Colour::None }
    }

    /// The same in a colour.
    pub(in crate::cli) fn coloured(text: &str, colour: Colour) -> Cell {
        Cell { colour, ..Cell::new(text) }
    }
}

/// A column is not made narrower than this.
const NARROWEST: usize = 12;

/// A table in a frame. `width` is that of the terminal: cells are cut in their middle to fit, those of the columns
/// `yielding` first, in that order, then those of the widest.
pub(in crate::cli) fn framed(
    head: &[&str],
    rows: &[Vec<Cell>],
    yielding: &[usize],
    width: Option<usize>,
    colours: bool,
) -> String {
    let mut widths: Vec<usize> = head.iter().map(|text| text.width()).collect();
    for row in rows {
        for (at, cell) in row.iter().enumerate() {
            widths[at] = widths[at].max(cell.text.width());
        }
    }
    if let Some(width) = width {
        shrink(&mut widths, yielding, width.saturating_sub(3 * head.len() + 1));
    }
    let rule = |left: &str, middle: &str, right: &str| {
        let parts: Vec<String> = widths.iter().map(|width| "─".repeat(width + 2)).collect();
        format!("{left}{}{right}\n", parts.join(middle))
    };
    let mut out = rule("┌", "┬", "┐");
    let line = |cells: &[Cell], out: &mut String| {
        for (cell, width) in cells.iter().zip(&widths) {
            let text = cut(&cell.text, *width);
            let blank = " ".repeat(width.saturating_sub(text.width()));
            out.push_str(&format!("│ {}{blank} ", cell.colour.paint(&text, colours)));
        }
        out.push_str("│\n");
    };
    let head: Vec<Cell> = head.iter().map(|text| Cell::new(text)).collect();
    line(&head, &mut out);
    out += &rule("├", "┼", "┤");
    for row in rows {
        line(row, &mut out);
    }
    out + &rule("└", "┴", "┘")
}

/// Makes columns narrower until all fit, or none may become narrower.
fn shrink(widths: &mut [usize], yielding: &[usize], room: usize) {
    for at in yielding {
        let over = widths.iter().sum::<usize>().saturating_sub(room);
        let spare = widths[*at].saturating_sub(NARROWEST);
        widths[*at] -= over.min(spare);
    }
    while widths.iter().sum::<usize>() > room {
        let Some(widest) = widths.iter_mut().max().filter(|width| **width > NARROWEST) else { return };
        *widest -= 1;
    }
}

/// A text without its middle, if it is too wide: the ends tell names apart.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let keep = width.saturating_sub(1);
    let take = |chars: &mut dyn Iterator<Item = char>, room: usize| {
        let mut taken = String::new();
        for c in chars {
            if taken.width() + c.to_string().width() > room {
                break;
            }
            taken.push(c);
        }
        taken
    };
    let start = take(&mut text.chars(), keep / 2);
    let end: String = take(&mut text.chars().rev(), keep - keep / 2).chars().rev().collect();
    format!("{start}…{end}")
}

/// Names with values below each other.
pub(in crate::cli) fn pairs(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    rows.iter().map(|(name, value)| format!("  {name:width$}  {}\n", words::clean(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = vec![
            vec![Cell::new("filesystem-prod"), Cell::coloured("✅ Healthy", Colour::Green)],
            vec![Cell::new("a\x1b[31mb"), Cell::coloured("⚠️ Warning", Colour::Yellow)],
        ];
        let expected = "\
┌─────────────────┬────────────┐
│ Deployment      │ Status     │
├─────────────────┼────────────┤
│ filesystem-prod │ ✅ Healthy │
│ a [31mb         │ ⚠️ Warning │
└─────────────────┴────────────┘
";
        assert_eq!(framed(&["Deployment", "Status"], &rows, &[0], None, false), expected);
        let coloured = framed(&["Deployment", "Status"], &rows, &[0], None, true);
        assert!(coloured.contains("│ \x1b[32m✅ Healthy\x1b[0m │"), "{coloured}");
    }

    #[test]
    fn a_table_fits_into_the_terminal() {
        let rows = vec![vec![Cell::new("mcp-filesystem-1122-120001-1a2b3c4d"), Cell::new("filesystem")]];
        let text = framed(&["Deployment", "Template"], &rows, &[0], Some(40), false);
        assert!(text.lines().all(|line| line.width() == 40), "{text}");
        assert!(text.contains("│ mcp-filesys…01-1a2b3c4d │ filesystem │"), "{text}");
        // There is an end to it.
        assert!(framed(&["a", "b"], &rows, &[1], Some(3), false).contains('…'));
    }
}
