//! What ranks exchange.

use crate::{free_port, place, together};
use bal_cluster::{Cluster, capability};
use std::{collections::BTreeSet, thread, time::Duration};

/// Bytes that tell the rank and their place.
fn bytes(rank: usize, length: usize) -> Vec<u8> {
    (0..length).map(|place| (place * 7 + rank * 31) as u8).collect()
}

#[test]
fn every_rank_gets_the_bytes_of_all_in_order_whatever_their_lengths() {
    // Within the store, by connections, of different lengths, and none at all.
    let lengths = |rank: usize| [rank + 1, 100_000, 70_000 * (rank + 1), 0, if rank == 1 { 5000 } else { 0 }];
    let all = together(3, move |cluster| {
        lengths(cluster.rank()).map(|length| cluster.gather(&bytes(cluster.rank(), length)).unwrap())
    });
    for (round, _) in lengths(0).iter().enumerate() {
        let expected: Vec<Vec<u8>> = (0..3).map(|rank| bytes(rank, lengths(rank)[round])).collect();
        for of_rank in &all {
            assert!(of_rank[round] == expected, "round {round}");
        }
    }
}

#[test]
fn rank_0_tells_all() {
    for length in [0, 3, 1 << 20] {
        let told = together(3, move |cluster| {
            let own = if cluster.rank() == 0 { bytes(9, length) } else { b"not looked at".to_vec() };
            cluster.broadcast(own).unwrap()
        });
        assert!(told.iter().all(|bytes_of| *bytes_of == bytes(9, length)), "{length}");
    }
}

#[test]
fn a_queue_gives_each_number_to_one_rank() {
    let drawn = together(3, |cluster| {
        let mut own = Vec::new();
        loop {
            let number = cluster.next("tasks").unwrap();
            if number >= 20 {
                // Another queue counts for itself.
                assert!(cluster.next("others").unwrap() < 3);
                cluster.barrier().unwrap();
                return own;
            }
            own.push(number);
            thread::sleep(Duration::from_millis(5));
        }
    });
    let all: BTreeSet<u64> = drawn.iter().flatten().copied().collect();
    assert_eq!(all, (0..20).collect());
    assert_eq!(drawn.iter().map(Vec::len).sum::<usize>(), 20);
}

#[test]
fn what_ranks_post_rank_0_collects_whole_however_long() {
    let collected = together(3, |cluster| {
        if cluster.rank() > 0 {
            for length in [0, 10, 9 << 20] {
                cluster.post("results", &bytes(cluster.rank(), length)).unwrap();
            }
            return vec![];
        }
        let mut found = Vec::new();
        while found.len() < 6 {
            match cluster.collect("results").unwrap() {
                Some(bytes) => found.push(bytes),
                None => thread::sleep(Duration::from_millis(5)),
            }
        }
        assert_eq!(cluster.collect("results").unwrap(), None);
        found
    });
    let mut found = collected.into_iter().next().unwrap();
    found.sort_by_key(Vec::len);
    assert!(found[4..].contains(&bytes(1, 9 << 20)) && found[4..].contains(&bytes(2, 9 << 20)));
    assert!(found[2..4].contains(&bytes(1, 10)) && found[..2].iter().all(Vec::is_empty));
}

#[test]
fn ranks_agree_or_learn_which_differs_and_in_what() {
    let said = together(3, |cluster| {
        let with = |bal: &str| {
            [("bal".to_string(), bal.to_string()), ("libtorch".to_string(), "2".to_string())].into()
        };
        cluster.agree(&with("1")).unwrap();
        let own = with(if cluster.rank() == 2 { "3" } else { "1" });
        cluster.agree(&own).unwrap_err().to_string()
    });
    for line in said {
        assert_eq!(line, "rank 2 differs from rank 0: its bal is 3, and that of rank 0 1");
    }
}

#[test]
fn a_long_run_leaves_little_in_the_store() {
    let rounds = 300;
    let sums = together(2, move |cluster| {
        (0..rounds).map(|round| cluster.gather(&[round as u8]).unwrap()[1][0] as usize).sum::<usize>()
    });
    assert_eq!(sums[0], (0..rounds).map(|round| round % 256).sum::<usize>());
}

/// As `torchrun` does it: the store belongs to the launcher, and the keys of an earlier attempt are still there.
#[test]
fn an_attempt_does_not_see_the_one_before() {
    let port = free_port();
    let launcher = {
        let place = move |rank| place(rank, 2, port, 20);
        let other = thread::spawn(move || Cluster::join(place(1)).unwrap());
        let first = Cluster::join(place(0)).unwrap();
        (first, other.join().unwrap())
    };
    for attempt in ["1", "2"] {
        let ranks: Vec<_> = (0..2)
            .map(|rank| {
                let mut place = place(rank, 2, port, 20);
                (place.is_served, place.attempt) = (true, attempt.into());
                thread::spawn(move || {
                    let cluster = Cluster::join(place).unwrap();
                    assert_eq!(cluster.next("tasks").unwrap() / 2, 0, "numbers of an earlier attempt");
                    cluster.gather(&[rank as u8]).unwrap()
                })
            })
            .collect();
        for rank in ranks {
            assert_eq!(rank.join().unwrap(), [vec![0], vec![1]]);
        }
    }
    let (first, second) = launcher;
    drop(second);
    drop(first);
}

#[test]
fn the_vectors_of_this_machine_have_a_name() {
    assert!(!capability().is_empty());
}
