//! What ranks say when one of them does not do its part.

use crate::{free_port, joined, place, together};
use bal_cluster::{Cluster, ClusterError};
use std::{
    thread,
    time::{Duration, Instant},
};

#[test]
fn a_rank_that_ends_with_an_error_is_named_with_its_reason() {
    for failing in [0, 1] {
        let said = together(3, move |cluster| {
            cluster.barrier().unwrap();
            if cluster.rank() == failing {
                cluster.fail("the disk is full");
                return None;
            }
            Some(cluster.gather(&[0; 5000]).unwrap_err())
        });
        for error in said.into_iter().flatten() {
            let reason = "it ended: the disk is full".to_string();
            assert_eq!(error, ClusterError::Lost { rank: failing, reason });
        }
    }
}

#[test]
fn a_rank_that_has_ended_is_missed_where_it_is_needed_and_only_there() {
    let said = together(2, |cluster| {
        cluster.barrier().unwrap();
        if cluster.rank() == 1 {
            return None;
        }
        thread::sleep(Duration::from_secs(2));
        assert_eq!(cluster.lost(), None);
        Some(cluster.barrier().unwrap_err().to_string())
    });
    assert_eq!(said[0].as_deref(), Some("rank 1 is lost: it has ended"));
}

#[test]
fn ranks_that_do_not_come_are_named() {
    let port = free_port();
    let ranks: Vec<_> = [0, 2]
        .map(|rank| thread::spawn(move || Cluster::join(place(rank, 4, port, 2)).unwrap_err().to_string()))
        .into();
    for rank in ranks {
        let error = rank.join().unwrap();
        assert!(error.starts_with("ranks 1, 3 of 4 did not join at 127.0.0.1:"), "{error}");
        assert!(error.contains("within 2 s") && error.contains("BAL_RANK_TIMEOUT"), "{error}");
    }
}

#[test]
fn a_store_that_nobody_holds_is_one_line() {
    let begun = Instant::now();
    let error = Cluster::join(place(1, 2, free_port(), 2)).unwrap_err().to_string();
    assert!(error.starts_with("rank 1 of 2 cannot join the others at 127.0.0.1:"), "{error}");
    assert!(
        !error.contains('\n') && !error.contains("Exception raised") && !error.contains("frame #"),
        "{error}"
    );
    assert!(begun.elapsed() < Duration::from_secs(15));
}

#[test]
fn a_rank_that_is_there_twice_is_refused() {
    let port = free_port();
    let first = thread::spawn(move || Cluster::join(place(0, 2, port, 3)));
    thread::sleep(Duration::from_millis(500));
    let served = |rank| {
        let mut place = place(rank, 2, port, 3);
        place.is_served = true;
        place
    };
    let error = Cluster::join(served(0)).unwrap_err().to_string();
    assert!(error.contains("another process is rank 0 too"), "{error}");
    assert!(first.join().unwrap().is_err());
}

#[test]
fn an_interface_that_is_not_there_is_named() {
    let port = free_port();
    let ranks: Vec<_> = (0..2)
        .map(|rank| {
            let mut place = place(rank, 2, port, 5);
            place.interface = Some("nope0".into());
            thread::spawn(move || Cluster::join(place).unwrap_err().to_string())
        })
        .collect();
    let said: Vec<String> = ranks.into_iter().map(|rank| rank.join().unwrap()).collect();
    assert!(
        said.iter().any(|error| error.contains("nope0") && error.contains("GLOO_SOCKET_IFNAME")),
        "{said:?}"
    );
}

#[test]
fn ranks_that_count_differently_are_refused() {
    let port = free_port();
    let ranks: Vec<_> = [(0, 2), (1, 3), (2, 3)]
        .map(|(rank, size)| thread::spawn(move || Cluster::join(place(rank, size, port, 3)).map(|_| ())))
        .into();
    let said: Vec<_> = ranks.into_iter().map(|rank| rank.join().unwrap()).collect();
    let told = |result: &Result<(), ClusterError>| {
        result.as_ref().err().map(ToString::to_string).unwrap_or_default()
    };
    assert!(told(&said[0]).contains("rank 1 counts 3 ranks, and this one 2"), "{said:?}");
}

#[test]
fn all_join_where_nothing_is_wrong() {
    let ranks = joined(4, |cluster| cluster.map(|cluster| (cluster.rank(), cluster.size())));
    assert_eq!(ranks, (0..4).map(|rank| Ok((rank, 4))).collect::<Vec<_>>());
}
