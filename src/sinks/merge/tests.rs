use proptest::prelude::*;

use super::*;
use crate::event::Key;

fn chunk(frames: &[(Nanos, &str)]) -> Chunk {
    let mut chunk = Chunk::default();
    for (order, body) in frames {
        chunk.bytes.extend_from_slice(body.as_bytes());
        chunk.frames.push(Frame {
            end: chunk.bytes.len() as u32,
            group: 0,
            time: *order,
            order: *order,
            key: Key::default(),
            id: None,
        });
    }
    chunk
}

fn add(
    merge: &mut Merge,
    partition: usize,
    frontier: Nanos,
    ended: bool,
    frames: &[(Nanos, &str)],
) -> String {
    let mut out = String::new();
    let from = From { partition, frontier, lease: None, ended, caught_up: false };
    merge.add(&from, &chunk(frames), |_, body| out.push_str(std::str::from_utf8(body).unwrap()));
    out
}

/// The source of a partition has looked and found nothing more.
fn catch_up(merge: &mut Merge, partition: usize, frontier: Nanos) -> String {
    let mut out = String::new();
    let from = From { partition, frontier, lease: None, ended: false, caught_up: true };
    merge.add(&from, &chunk(&[]), |_, body| out.push_str(std::str::from_utf8(body).unwrap()));
    out
}

fn open(partitions: usize) -> Merge {
    let mut merge = Merge::new(true);
    for partition in 0..partitions {
        assert_eq!(add(&mut merge, partition, NO_TIME, false, &[]), "");
    }
    merge
}

#[test]
fn a_frame_goes_out_when_nothing_earlier_can_come() {
    let mut merge = open(2);
    assert_eq!(add(&mut merge, 0, 10, false, &[(5, "a"), (10, "b")]), "");
    assert_eq!(add(&mut merge, 1, 7, false, &[(6, "c")]), "ac");
    assert_eq!(add(&mut merge, 1, 9, false, &[]), "", "a frame of 9 may still come");
    assert_eq!(add(&mut merge, 1, 11, false, &[]), "b");
    assert_eq!(add(&mut merge, 0, 12, false, &[(12, "d")]), "");
    assert_eq!(add(&mut merge, 1, 11, true, &[(11, "e")]), "ed");
}

#[test]
fn with_a_window_what_is_new_waits_no_longer_and_comes_in_order() {
    let window = Duration::from_millis(300);
    let mut merge = open(3).with_window(window, 100);
    let look = |merge: &mut Merge, now| {
        let mut out = String::new();
        merge.look(now, |_, body| out.push_str(std::str::from_utf8(body).unwrap()));
        out
    };
    assert_eq!(add(&mut merge, 0, 50, false, &[(50, "old")]), "");
    assert_eq!(merge.due(), None, "what is old waits until it is sure");
    assert!(!merge.has_caught_up());
    assert_eq!(add(&mut merge, 0, 210, false, &[(205, "b"), (210, "c")]), "");
    let due = merge.due().unwrap();
    assert_eq!(look(&mut merge, due - window / 2), "");
    std::thread::sleep(Duration::from_millis(2));
    assert_eq!(add(&mut merge, 1, 220, false, &[(200, "a"), (220, "d")]), "");
    let later = merge.due().unwrap();
    assert_eq!(look(&mut merge, due), "oldabc", "the quiet third one is not waited for");
    assert!(merge.due().unwrap() > later, "the next one came later");
    let due = merge.due().unwrap();
    assert_eq!(look(&mut merge, due), "d");
    assert_eq!(merge.due(), None);
}

#[test]
fn equal_times_go_by_partition() {
    let mut merge = open(2);
    assert_eq!(add(&mut merge, 1, 5, true, &[(5, "x"), (5, "y")]), "");
    assert_eq!(add(&mut merge, 0, 5, false, &[(5, "a")]), "a", "another 5 of the first may come");
    assert_eq!(add(&mut merge, 0, 6, true, &[(5, "b"), (6, "c")]), "bxyc");
}

#[test]
fn the_first_partition_goes_on_at_a_time_that_the_second_has_reached() {
    let mut merge = open(2);
    assert_eq!(add(&mut merge, 1, 5, false, &[]), "");
    assert_eq!(add(&mut merge, 0, 5, false, &[(5, "a")]), "a");
}

#[test]
fn coarse_times_never_reorder_a_partition() {
    let mut merge = open(1);
    assert_eq!(add(&mut merge, 0, 9, true, &[(9, "a"), (3, "b"), (NO_TIME, "c"), (10, "d")]), "abcd");
}

#[test]
fn nobody_waits_for_a_partition_that_has_nothing() {
    let mut merge = open(2);
    assert_eq!(add(&mut merge, 0, 10, false, &[(10, "a")]), "");
    assert_eq!(add(&mut merge, 1, NO_TIME, false, &[]), "", "all that it brought was filtered out");
    assert!(!merge.has_caught_up());
    assert_eq!(catch_up(&mut merge, 1, NO_TIME), "a");
    assert_eq!(add(&mut merge, 1, 4, false, &[(4, "late")]), "late");
    assert_eq!(add(&mut merge, 0, 11, false, &[(11, "b")]), "", "it speaks again");
}

#[test]
fn what_is_left_goes_out_at_the_end() {
    let mut merge = open(3);
    assert_eq!(add(&mut merge, 0, 10, false, &[(10, "b")]), "");
    assert_eq!(add(&mut merge, 1, 9, false, &[(9, "a")]), "");
    let mut out = String::new();
    merge.finish(|_, body| out.push_str(std::str::from_utf8(body).unwrap()));
    assert_eq!(out, "ab");
}

#[test]
fn a_lease_is_held_as_long_as_a_frame_waits() {
    #[derive(Debug)]
    struct Share;
    impl Lease for Share {
        fn recycle(&self, _: Vec<u8>) {}
    }
    let mut merge = open(2);
    let lease: Arc<dyn Lease> = Arc::new(Share);
    let from = From { partition: 0, frontier: 8, lease: Some(lease.clone()), ended: false, caught_up: false };
    merge.add(&from, &chunk(&[(5, "a"), (8, "b")]), |_, _| {});
    drop(from);
    assert_eq!(Arc::strong_count(&lease), 2);
    add(&mut merge, 1, 6, false, &[]);
    assert_eq!(Arc::strong_count(&lease), 2);
    add(&mut merge, 1, 9, false, &[]);
    assert_eq!(Arc::strong_count(&lease), 1);
}

#[test]
fn a_tail_keeps_the_last() {
    let mut tail = Tail::new(2);
    let chunk = chunk(&[(1, "a"), (2, "b"), (3, "c")]);
    for (at, frame) in chunk.frames.iter().enumerate() {
        tail.push(frame, chunk.body(at));
    }
    let kept: Vec<_> = tail.iter().map(|(_, body)| body).collect();
    assert_eq!((kept, tail.dropped()), (vec![&b"b"[..], b"c"], 1));
    let mut none = Tail::new(0);
    none.push(&chunk.frames[0], chunk.body(0));
    assert_eq!(none.iter().count(), 0);
}

proptest! {
    /// Whatever the cuts and the order of arrival: everything comes out once, in the one right order.
    #[test]
    fn the_order_does_not_depend_on_the_cuts(
        parts in proptest::collection::vec(proptest::collection::vec(0i64..20, 0..12), 1..5),
        picks in proptest::collection::vec((0usize..5, 1usize..4), 0..80),
    ) {
        let mut expected = Vec::new();
        let mut queues: Vec<Vec<(Nanos, String)>> = Vec::new();
        for (number, times) in parts.iter().enumerate() {
            let mut times = times.clone();
            times.sort();
            let frames: Vec<_> =
                times.iter().enumerate().map(|(at, time)| (*time, format!("{number}.{at} "))).collect();
            expected.extend(frames.iter().enumerate().map(|(at, f)| (f.0, number, at, f.1.clone())));
            queues.push(frames);
        }
        expected.sort();
        let expected: String = expected.into_iter().map(|e| e.3).collect();

        let mut merge = open(parts.len());
        let mut out = String::new();
        let mut send = |number: usize, count: usize, queues: &mut Vec<Vec<(Nanos, String)>>, ended: bool| {
            let count = count.min(queues[number].len());
            let now: Vec<_> = queues[number].drain(..count).collect();
            let now: Vec<_> = now.iter().map(|(time, body)| (*time, body.as_str())).collect();
            let Some(frontier) = now.last().map(|f| f.0).or(ended.then_some(20)) else { return };
            out.push_str(&add(&mut merge, number, frontier, ended, &now));
        };
        for (number, count) in picks {
            send(number % parts.len(), count, &mut queues, false);
        }
        for number in 0..parts.len() {
            send(number, 100, &mut queues, true);
        }
        prop_assert_eq!(out, expected);
        prop_assert!(merge.has_caught_up());
    }
}
