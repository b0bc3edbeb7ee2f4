//! How fast single images are decoded: what a program that answers about many files relies on.

use std::time::Instant;

use bal_data::Preprocessing;

use crate::own::{Made, colour, png};

/// 3,000 a second were measured on two cores that were busy otherwise; the floor is far below, for machines that are slower
/// or busier.
#[test]
fn two_threads_decode_hundreds_of_small_pngs_a_second() {
    let made = Made::new();
    for at in 0..200 {
        made.write(&format!("{at}.png"), &png(&colour(64, 64, at)));
    }
    let form = Preprocessing::to([3, 32, 32]);
    let all = || {
        for at in 0..200 {
            form.decode(&made.at(&format!("{at}.png"))).unwrap();
        }
    };
    let start = Instant::now();
    std::thread::scope(|threads| {
        threads.spawn(all);
        threads.spawn(all);
    });
    let rate = 400.0 / start.elapsed().as_secs_f64();
    assert!(rate > 200.0, "{rate} images a second");
}
