//! The yardstick: what one thread does that reads a file of Docker's json-file lines and parses each with `serde_json`
//! into a struct. Figures of other machines carry over by the ratio of this one.
//!
//! usage: limits FILE

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;

use serde::Deserialize;

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    log: Cow<'a, str>,
    #[serde(borrow)]
    stream: Cow<'a, str>,
    #[serde(borrow)]
    time: Cow<'a, str>,
}

/// Bytes of one read; larger ones are no faster.
const BLOCK: usize = 1 << 20;

fn main() -> std::io::Result<()> {
    let path = std::env::args_os().nth(1).ok_or_else(|| std::io::Error::other("usage: limits FILE"))?;
    let mut file = File::open(path)?;
    let mut buffer = vec![0u8; BLOCK];
    let (mut have, mut lines, mut sum) = (0, 0u64, 0usize);
    loop {
        let read = file.read(&mut buffer[have..])?;
        if read == 0 {
            break;
        }
        let end = have + read;
        let mut start = 0;
        while let Some(len) = memchr::memchr(b'\n', &buffer[start..end]) {
            let line: Line = serde_json::from_slice(&buffer[start..start + len])?;
            sum += line.log.len() + line.stream.len() + line.time.len();
            lines += 1;
            start += len + 1;
        }
        buffer.copy_within(start..end, 0);
        have = end - start;
        if have == buffer.len() {
            return Err(std::io::Error::other("a line is longer than a block"));
        }
    }
    println!("lines {lines} sum {sum}");
    Ok(())
}
