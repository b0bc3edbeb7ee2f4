//! Several ranks on this machine: threads, each with connections of its own.

mod exchanging;
mod failing;

use bal_cluster::{Cluster, ClusterError, Place};
use std::{net::TcpListener, thread, time::Duration};

/// A port that nobody listens at now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn place(rank: usize, size: usize, port: u16, seconds: u64) -> Place {
    Place {
        rank,
        size,
        host: "127.0.0.1".into(),
        port,
        is_served: false,
        attempt: "0".into(),
        interface: None,
        timeout: Duration::from_secs(seconds),
    }
}

/// What each of so many ranks makes of its part in them, in their order.
fn together<R: Send + 'static>(size: usize, work: impl Fn(Cluster) -> R + Clone + Send + 'static) -> Vec<R> {
    joined(size, move |cluster| work(cluster.unwrap()))
}

/// The same for ranks that may not join.
fn joined<R: Send + 'static>(
    size: usize,
    work: impl Fn(Result<Cluster, ClusterError>) -> R + Clone + Send + 'static,
) -> Vec<R> {
    let port = free_port();
    let ranks: Vec<_> = (0..size)
        .map(|rank| {
            let work = work.clone();
            thread::spawn(move || work(Cluster::join(place(rank, size, port, 20))))
        })
        .collect();
    ranks.into_iter().map(|rank| rank.join().unwrap()).collect()
}
