//! A JSON array of records as lines: each element becomes a line, whatever its layout was.
//!
//! * Elements go out byte for byte; only line breaks between their tokens become blanks.
//! * Nothing is built and nothing is held: nesting and quotes are followed byte by byte.
//! * Text behind the array goes out as it stands.

use std::io::{self, Read};

use super::body::is_array;

/// Turns the array that `inner` starts with into lines.
pub(super) struct ArrayReader<R> {
    inner: R,
    state: State,
    /// Open brackets, that of the array included.
    depth: u64,
    /// Bytes looked at and not yet turned into lines.
    ahead: Vec<u8>,
    used: usize,
    /// Made and not yet taken.
    out: Vec<u8>,
    taken: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// The first bytes are looked at.
    Start,
    /// Between elements.
    Between,
    /// In an element.
    Element,
    /// In a string of an element.
    String,
    /// Behind a backslash.
    Escape,
    /// Behind the array.
    Behind,
    /// No array, or text behind it.
    Plain,
}

impl<R: Read> ArrayReader<R> {
    /// For a text that is known to start with an array.
    pub(super) fn new(inner: R) -> ArrayReader<R> {
        ArrayReader::if_array(inner)
    }

    /// For a text that may start with an array; any other goes through as it is.
    pub(super) fn if_array(inner: R) -> ArrayReader<R> {
        ArrayReader {
            inner,
            state: State::Start,
            depth: 0,
            ahead: Vec::new(),
            used: 0,
            out: Vec::new(),
            taken: 0,
        }
    }

    /// Reads on into `ahead`; `false` at the end.
    fn more(&mut self) -> io::Result<bool> {
        if self.used == self.ahead.len() {
            self.ahead.clear();
            self.used = 0;
        }
        let start = self.ahead.len();
        self.ahead.resize(start + 64 * 1024, 0);
        let got = self.inner.read(&mut self.ahead[start..]);
        self.ahead.truncate(start + *got.as_ref().unwrap_or(&0));
        Ok(got? > 0)
    }

    fn start(&mut self) -> io::Result<()> {
        while self.ahead.len() < 512 && self.more()? {}
        self.state = if is_array(&self.ahead) { State::Between } else { State::Plain };
        if self.state == State::Between {
            self.used = self.ahead.iter().position(|&b| b == b'[').map_or(0, |at| at + 1);
            self.depth = 1;
        }
        Ok(())
    }

    fn turn(&mut self) {
        for &byte in &self.ahead[self.used..] {
            match self.state {
                State::Start | State::Plain => self.out.push(byte),
                State::Behind if byte.is_ascii_whitespace() => {}
                State::Behind => {
                    self.state = State::Plain;
                    self.out.push(byte);
                }
                State::Between => match byte {
                    b' ' | b'\t' | b'\n' | b'\r' | b',' => {}
                    b']' => {
                        self.state = State::Behind;
                        self.depth = 0;
                    }
                    _ => {
                        self.state = State::Element;
                        element(byte, &mut self.state, &mut self.depth, &mut self.out);
                    }
                },
                State::Element => element(byte, &mut self.state, &mut self.depth, &mut self.out),
                State::String => {
                    self.out.push(byte);
                    match byte {
                        b'\\' => self.state = State::Escape,
                        b'"' => self.state = State::Element,
                        _ => {}
                    }
                }
                State::Escape => {
                    self.out.push(byte);
                    self.state = State::String;
                }
            }
        }
        self.used = self.ahead.len();
    }
}

/// One byte of an element, outside of strings.
fn element(byte: u8, state: &mut State, depth: &mut u64, out: &mut Vec<u8>) {
    match byte {
        b',' if *depth == 1 => {
            out.push(b'\n');
            *state = State::Between;
            return;
        }
        b']' if *depth == 1 => {
            out.push(b'\n');
            *depth = 0;
            *state = State::Behind;
            return;
        }
        b' ' | b'\t' | b'\n' | b'\r' if *depth == 1 => return,
        b'{' | b'[' => *depth += 1,
        b'}' | b']' => *depth = depth.saturating_sub(1).max(1),
        b'"' => *state = State::String,
        _ => {}
    }
    out.push(if matches!(byte, b'\n' | b'\r') { b' ' } else { byte });
}

impl<R: Read> Read for ArrayReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.out.len() {
            self.out.clear();
            self.taken = 0;
            if self.state == State::Start {
                self.start()?;
            } else if self.used == self.ahead.len() {
                if self.state == State::Plain {
                    return self.inner.read(buf);
                }
                if !self.more()? {
                    return Ok(0);
                }
            }
            self.turn();
        }
        let n = buf.len().min(self.out.len() - self.taken);
        buf[..n].copy_from_slice(&self.out[self.taken..self.taken + n]);
        self.taken += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(text: &str) -> String {
        let mut out = String::new();
        ArrayReader::if_array(text.as_bytes()).read_to_string(&mut out).unwrap();
        out
    }

    #[test]
    fn elements_become_lines() {
        for (array, expected) in [
            (r#"[{"a":1},{"b":"],}\"["}]"#, "{\"a\":1}\n{\"b\":\"],}\\\"[\"}\n"),
            ("[\n  {\n    \"a\": [1, 2]\n  },\n  {\"b\": 2}\n]\n", "{     \"a\": [1, 2]   }\n{\"b\": 2}\n"),
            ("[{}", "{}"),
            ("[{}]\n[{}]\n", "{}\n[{}]\n"),
            ("[1]\n", "[1]\n"),
            ("[ERROR] {}\n", "[ERROR] {}\n"),
            ("", ""),
            ("[{\"a\":\"x\ny\"}]", "{\"a\":\"x\ny\"}\n"),
        ] {
            assert_eq!(lines(array), expected, "{array}");
        }
    }

    proptest! {
        #[test]
        fn every_element_is_read_back(values in proptest::collection::vec("[\\PC\n]{0,20}", 1..20), pretty: bool) {
            let array: Vec<_> = values.iter().map(|v| serde_json::json!({"v": v, "n": [{"x": []}]})).collect();
            let text = if pretty { serde_json::to_string_pretty(&array) } else { serde_json::to_string(&array) };
            let back: Vec<serde_json::Value> =
                lines(&text.unwrap()).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
            prop_assert_eq!(back, array);
        }
    }
}
