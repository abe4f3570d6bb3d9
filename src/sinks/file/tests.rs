use std::io::Read as _;

use super::*;
use crate::sinks::sample::Sample;
use crate::sinks::settings::wait;

fn sink(folder: &Path, change: impl FnOnce(&mut FileSettings)) -> FileSink {
    let mut settings = FileSettings::new("out/log.ndjson");
    change(&mut settings);
    let line = match settings.format.as_str() {
        "json" => Line::Json,
        _ => Line::Raw,
    };
    FileSink::new(settings, line, folder)
}

/// A chunk of events `from..to`, by their seq.
fn chunk(sink: &FileSink, from: u64, to: u64) -> Chunk {
    let mut sample = Sample::of("demo", "");
    for seq in from..to {
        let row = sample.row(format!("event {seq}").as_bytes());
        row.place = seq;
        row.key.seq = seq;
    }
    let mut chunk = Chunk::default();
    for index in 0..sample.batch.rows.len() {
        sink.encode(Event { batch: &sample.batch, index }, &mut chunk);
    }
    chunk
}

fn send(sink: &FileSink, chunk: &Chunk) -> Result<Verdicts, SendError> {
    wait(sink.send(&From { partition: 0, frontier: 0, lease: None, ended: false, caught_up: false }, chunk))
}

/// Every event written, over all rotations, oldest file first.
fn written(folder: &Path) -> Vec<String> {
    let path = folder.join("out/log.ndjson");
    let mut text = String::new();
    for file in Generations::list(&path).unwrap().files.values() {
        if file.extension().unwrap() == "gz" {
            flate2::read::MultiGzDecoder::new(File::open(file).unwrap()).read_to_string(&mut text).unwrap();
        } else {
            text.push_str(&fs::read_to_string(file).unwrap());
        }
    }
    text.push_str(&fs::read_to_string(&path).unwrap());
    text.lines()
        .map(|line| {
            let event: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
            event["message"].as_str().unwrap().to_owned()
        })
        .collect()
}

fn events(range: std::ops::Range<u64>) -> Vec<String> {
    range.map(|seq| format!("event {seq}")).collect()
}

#[test]
fn events_are_lines_with_their_id_last() {
    let folder = tempfile::tempdir().unwrap();
    let sink = sink(folder.path(), |_| {});
    sink.open(None).unwrap();
    let chunk = chunk(&sink, 0, 2);
    assert_eq!(send(&sink, &chunk).unwrap(), Verdicts::AllStored);
    let text = fs::read_to_string(folder.path().join("out/log.ndjson")).unwrap();
    let id = chunk.frames[1].id.unwrap();
    assert!(text.lines().nth(1).unwrap().ends_with(&format!(",\"id\":\"{id}\"}}")), "{text}");
}

#[test]
fn after_a_kill_nothing_is_missing_and_nothing_stands_twice() {
    // The kill comes behind every possible byte of what was written after the save.
    for kill_at in 0..40 {
        let folder = tempfile::tempdir().unwrap();
        let first = sink(folder.path(), |_| {});
        first.open(None).unwrap();
        send(&first, &chunk(&first, 0, 3)).unwrap();
        let saved = first.save();
        send(&first, &chunk(&first, 3, 7)).unwrap();
        let path = folder.path().join("out/log.ndjson");
        let length = fs::metadata(&path).unwrap().len();
        let cut = length - kill_at * 17 % (length - saved.as_ref().unwrap()["length"].as_u64().unwrap());
        File::options().write(true).open(&path).unwrap().set_len(cut).unwrap();
        drop(first);

        let second = sink(folder.path(), |_| {});
        second.open(saved.as_ref()).unwrap();
        send(&second, &chunk(&second, 3, 9)).unwrap();
        let mut all = written(folder.path());
        all.sort();
        assert_eq!(all, events(0..9), "cut at {cut}");
    }
}

#[test]
fn ids_are_found_across_rotations_since_the_save() {
    for gzip in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let small = |settings: &mut FileSettings| {
            settings.rotate = Rotate { size: Some(Size(300)), gzip, ..Rotate::default() };
        };
        let first = sink(folder.path(), small);
        first.open(None).unwrap();
        send(&first, &chunk(&first, 0, 1)).unwrap();
        let saved = first.save();
        for seq in 1..9 {
            send(&first, &chunk(&first, seq, seq + 1)).unwrap();
        }
        wait(first.close()).unwrap();
        assert!(Generations::list(&folder.path().join("out/log.ndjson")).unwrap().newest() > 2);
        let second = sink(folder.path(), small);
        second.open(saved.as_ref()).unwrap();
        send(&second, &chunk(&second, 1, 12)).unwrap();
        wait(second.close()).unwrap();
        assert_eq!(written(folder.path()), events(0..12), "gzip {gzip}");
    }
}

#[test]
fn a_second_kill_before_everything_has_come_again_writes_nothing_twice() {
    for (count, shows) in [(8, true), (AGAIN as u64 + 8, false)] {
        let folder = tempfile::tempdir().unwrap();
        let first = sink(folder.path(), |_| {});
        first.open(None).unwrap();
        let saved = first.save();
        send(&first, &chunk(&first, 0, count)).unwrap();
        let second = sink(folder.path(), |_| {});
        second.open(saved.as_ref()).unwrap();
        send(&second, &chunk(&second, 0, 3)).unwrap();
        let saved = second.save();
        assert_eq!(saved.as_ref().unwrap().get("again").is_some(), shows);
        send(&second, &chunk(&second, 3, 5)).unwrap();
        let third = sink(folder.path(), |_| {});
        third.open(saved.as_ref()).unwrap();
        send(&third, &chunk(&third, 3, count + 2)).unwrap();
        // Behind a place from before the second run stand the three that it did not wait for either.
        let again = third.save().unwrap().get("again").map_or(0, |again| again.as_array().unwrap().len());
        assert_eq!(again, if shows { 0 } else { 3 });
        assert_eq!(written(folder.path()), events(0..count + 2));
    }
}

#[test]
fn an_id_is_skipped_only_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = sink(folder.path(), |_| {});
    first.open(None).unwrap();
    let saved = first.save();
    send(&first, &chunk(&first, 0, 2)).unwrap();
    let second = sink(folder.path(), |_| {});
    second.open(saved.as_ref()).unwrap();
    send(&second, &chunk(&second, 0, 2)).unwrap();
    send(&second, &chunk(&second, 0, 2)).unwrap();
    assert_eq!(written(folder.path()).len(), 4);
}

#[test]
fn a_file_never_grows_beyond_its_size_and_old_ones_go() {
    let folder = tempfile::tempdir().unwrap();
    let sink = sink(folder.path(), |settings| {
        settings.rotate = Rotate { size: Some(Size(500)), keep: Some(2), ..Rotate::default() };
    });
    sink.open(None).unwrap();
    send(&sink, &chunk(&sink, 0, 40)).unwrap();
    let path = folder.path().join("out/log.ndjson");
    let files = Generations::list(&path).unwrap().files;
    assert_eq!(files.len(), 2);
    for file in files.values().chain([&path]) {
        let length = fs::metadata(file).unwrap().len();
        assert!(length > 200 && length <= 500, "{} has {length}", file.display());
    }
    let all = written(folder.path());
    assert_eq!(all, events(40 - all.len() as u64..40));
}

#[test]
fn numbers_go_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let small = |settings: &mut FileSettings| {
        settings.rotate = Rotate { size: Some(Size(1)), ..Rotate::default() };
    };
    for seq in 0..4 {
        let sink = sink(folder.path(), small);
        sink.open(None).unwrap();
        send(&sink, &chunk(&sink, seq, seq + 1)).unwrap();
    }
    assert_eq!(written(folder.path()), events(0..4));
}

#[test]
fn a_new_interval_begins_a_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let hourly = |settings: &mut FileSettings| {
        let interval = Some(Interval::parse("1h").unwrap());
        settings.rotate = Rotate { interval, ..Rotate::default() };
    };
    let first = sink(folder.path(), hourly);
    first.open(None).unwrap();
    send(&first, &chunk(&first, 0, 1)).unwrap();
    let path = folder.path().join("out/log.ndjson");
    let earlier = SystemTime::now() - std::time::Duration::from_secs(2 * 3600);
    File::options().write(true).open(&path).unwrap().set_modified(earlier).unwrap();
    let second = sink(folder.path(), hourly);
    second.open(first.save().as_ref()).unwrap();
    send(&second, &chunk(&second, 1, 2)).unwrap();
    send(&second, &chunk(&second, 2, 3)).unwrap();
    assert_eq!(Generations::list(&path).unwrap().newest(), 1);
    assert_eq!(written(folder.path()), events(0..3));
}

#[test]
fn a_full_disk_is_told_with_its_path() {
    let sink = sink(Path::new("/"), |settings| settings.path = "dev/full".to_owned());
    sink.open(None).unwrap();
    let error = send(&sink, &chunk(&sink, 0, 1)).unwrap_err();
    assert!(
        matches!(&error, SendError::Unreachable { destination, cause }
        if destination == "/dev/full" && cause.kind() == io::ErrorKind::StorageFull),
        "{error:?}"
    );
}

#[test]
fn a_file_of_someone_else_is_not_cut() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("out")).unwrap();
    let path = folder.path().join("out/log.ndjson");
    fs::write(&path, "{\"message\":\"theirs\"}").unwrap();
    let sink = sink(folder.path(), |settings| settings.id = false);
    sink.open(None).unwrap();
    send(&sink, &chunk(&sink, 0, 1)).unwrap();
    assert_eq!(written(folder.path()), ["theirs", "event 0"]);
}

#[test]
fn a_file_that_is_not_to_be_appended_to_begins_empty_unless_a_run_is_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let anew = |settings: &mut FileSettings| settings.append = false;
    let first = sink(folder.path(), anew);
    first.open(None).unwrap();
    send(&first, &chunk(&first, 0, 2)).unwrap();
    let saved = first.save();
    let second = sink(folder.path(), anew);
    second.open(saved.as_ref()).unwrap();
    send(&second, &chunk(&second, 2, 3)).unwrap();
    assert_eq!(written(folder.path()), events(0..3));
    let third = sink(folder.path(), anew);
    third.open(None).unwrap();
    assert_eq!(written(folder.path()), events(0..0));
}
