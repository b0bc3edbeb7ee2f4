//! Settings, steps and starts of FAB; what it finds is compared with known optima in `tests/minimal`.

use super::*;
use crate::tests::{Scripted, batch, close, linear, noise};
use bal_core::Prediction;

#[test]
fn settings_out_of_range_are_named() {
    let sound = FabSettings::default();
    let error = |settings| Fab::new(settings).unwrap_err().to_string();
    assert_eq!(error(FabSettings { steps: 0, ..sound }), "steps must be at least 1, got 0");
    assert_eq!(error(FabSettings { targets: 0, ..sound }), "targets must be at least 1, got 0");
    assert_eq!(error(FabSettings { backward: 1.5, ..sound }), "backward must be > 0 and <= 1, got 1.5");
    assert_eq!(error(FabSettings { overshoot: -1.0, ..sound }), "overshoot must be finite and >= 0, got -1");
    assert!(error(FabSettings { greatest_pull: f64::NAN, ..sound }).contains("greatest_pull"));
}

#[test]
fn it_has_a_norm_and_takes_radii_or_none() {
    let fab =
        crate::Attack::nearest(Fab::new(FabSettings { norm: Norm::LInf, ..FabSettings::default() }).unwrap());
    assert_eq!(fab.norm(), Some(Norm::LInf));
    assert!(fab.takes(None).is_ok() && fab.takes(Some(0.1)).is_ok());
}

/// ```text
/// d = -value g / ||g||^2, d_0 the same from the clean image,    a = min(||d|| / (||d|| + ||d_0||), .1)
/// x' = (1 - a) (x + 1.05 d) + a (clean + 1.05 d_0),    where that is wrong clean + .9 (x' - clean)
/// ```
///
/// In L2 and far from the border; what follows is told from the clean image.
#[test]
fn a_step_mixes_the_projections_of_the_point_and_of_the_image_and_goes_back_after_an_error() {
    noise();
    let script = vec![
        // The image, which is right, then a slope and an answer in turn.
        (-1.0, vec![0.0, 0.0]),
        (-0.1, vec![0.6, 0.8]),
        (-0.05, vec![0.0, 0.0]),
        (-0.05, vec![1.0, 0.0]),
        (0.01, vec![0.0, 0.0]),
        (-0.004, vec![0.0, 2.0]),
        (-0.02, vec![0.0, 0.0]),
        // The last search: at the best image, where the leads of -1 and .01 cross, and twice more.
        (0.01, vec![0.0, 0.0]),
        (-0.3, vec![0.0, 0.0]),
    ];
    let model = Scripted::new(vec![script]);
    let x = Scripted::marked(1, &[0.5, 0.5]);
    let batch = Batch { x, ..batch(&[&[0.0]], &[0]) };
    let fab = Fab::new(FabSettings { norm: Norm::L2, steps: 3, ..FabSettings::default() }).unwrap();
    let _ = fab.search(&model, &batch, &noise()).unwrap();
    let seen = model.seen().remove(0);
    let told = |time: usize| -> Vec<f64> { seen[time].iter().map(|pixel| pixel - 0.5).collect() };
    // From the image itself both ways are the same, (.06, .08).
    let first = [1.05 * 0.06, 1.05 * 0.08];
    close(&told(2), &first);
    close(&told(3), &first);
    // To the plane .05 to the right it is .05 from here and .113 from the image: the share of .31 is cut to .1.
    let second = [0.9 * (0.063 + 1.05 * 0.05) + 0.1 * 1.05 * 0.113, 0.9 * 0.084];
    close(&told(4), &second);
    // There it is wrong.
    let back = second.map(|d| 0.9 * d);
    close(&told(5), &back);
    // To the plane .002 above it is .002 from here and .07004 from the image: the share is .0278.
    let far = back[1] + 0.002;
    let share = 0.002 / (0.002 + far);
    assert!((share - 0.0278).abs() < 1e-4);
    close(
        &told(6),
        &[(1.0 - share) * back[0], (1.0 - share) * (back[1] + 1.05 * 0.002) + share * 1.05 * far],
    );
    // Then the search between the image and the best point, and the projection from there.
    close(&told(7), &second);
    close(&told(8), &second.map(|d| d * (1.0 / 1.01 + PAST)));
    let low = 1.0 / 1.01 + PAST;
    close(&told(9), &second.map(|d| d * (low + (1.0 - low) * (0.3 / 0.31) + PAST).min(1.0)));
    // A ten thousandth past the root is beyond the best point, which is as far as the search goes.
    close(&told(10), &second);
    close(&told(11), &second);
    close(&told(12), &second);
}

#[test]
fn starts_after_the_first_lie_at_half_the_distance_found_or_half_the_size_of_the_papers_balls() {
    let model = linear(&[[[0.0; 4], [1.0, 0.0, 0.0, 0.0]]], &[[1.0, 0.0]], Prediction::MeanLogits);
    let batch = batch(&[&[0.5; 4], &[0.5; 4]], &[0, 0]);
    for (norm, usual) in [(Norm::LInf, 0.3), (Norm::L2, 1.0)] {
        let fab = Fab::new(FabSettings { norm, ..FabSettings::default() }).unwrap();
        let _ = on_still_robust(&model, &batch, |robust| {
            let mut nearest = Nearest::new(norm, &robust.x);
            let found = crate::tests::images(&[&[0.9, 0.5, 0.5, 0.5], &[0.5; 4]]);
            nearest.offer(&found, &Tensor::from_slice(&[true, false]));
            let start = |restart| fab.start(robust, &nearest, &noise(), restart);
            assert_eq!(start(0), robust.x);
            let distance = norm.of_each(&(start(1) - &robust.x)).reshape([-1]).to_kind(tch::Kind::Double);
            close(&Vec::<f64>::try_from(distance).unwrap(), &[0.5 * 0.4, 0.5 * usual]);
            assert_ne!(start(1), start(2));
            Ok(robust.x.shallow_clone())
        })
        .unwrap();
    }
}

/// Class 1 leads by `2 x_0 + x_1 - 2.7`, .6 below 0 at the image. The first pixel has room for .1, so the second has to move by
/// .4. The last searches go a ten thousandth past that, as far as there is room.
#[test]
fn the_last_searches_end_at_the_root_of_the_way_and_at_the_images_own_projection() {
    noise();
    let model = linear(&[[[0.0; 2], [2.0, 1.0]]], &[[0.0, -2.7]], Prediction::MeanLogits);
    let batch = batch(&[&[0.9, 0.3]], &[0]);
    let up = 0.4_f64 * (1.0 + 1e-4);
    for (norm, least) in [(Norm::LInf, up), (Norm::L2, up.hypot(0.1))] {
        let _ = on_still_robust(&model, &batch, |robust| {
            // Straight up the second pixel the boundary is .6 away, and .65 leads past it.
            let mut nearest = Nearest::new(norm, &robust.x);
            nearest.offer(&crate::tests::images(&[&[0.9, 0.95]]), &Tensor::from_slice(&[true]));
            Fab::bisect(&model, robust, &mut nearest)?;
            assert!((nearest.distance.double_value(&[0]) / (0.6 + 1e-4 * 0.65) - 1.0).abs() < 2e-6, "{norm}");
            let fab = Fab::new(FabSettings { norm, ..FabSettings::default() }).unwrap();
            fab.polish(&model, robust, &mut nearest)?;
            assert!((nearest.distance.double_value(&[0]) / least - 1.0).abs() < 2e-6, "{norm}");
            // The whole search does not end elsewhere.
            let x = fab.search(&model, &batch, &noise()).unwrap();
            let distance = norm.of_each(&(x - &batch.x)).double_value(&[0, 0, 0, 0]);
            assert!((distance / least - 1.0).abs() < 2e-6, "{norm}: {distance} for {least}");
            Ok(nearest.images)
        })
        .unwrap();
    }
}

/// The class that is farther behind is nearer, as its lead is steeper.
#[test]
fn as_many_classes_are_tried_as_it_is_told_the_likeliest_first() {
    let model = linear(&[[[0.0; 2], [1.0, 0.0], [0.0, 10.0]]], &[[0.0, -0.9, -6.0]], Prediction::MeanLogits);
    let batch = batch(&[&[0.5, 0.5]], &[0]);
    let distance = |targets| {
        let settings = FabSettings { norm: Norm::L2, targets, steps: 5, ..FabSettings::default() };
        let x = Fab::new(settings).unwrap().search(&model, &batch, &noise()).unwrap();
        Norm::L2.of_each(&(x - &batch.x)).double_value(&[0, 0, 0, 0])
    };
    close(&[distance(1), distance(2)].map(|d| d / (1.0 + PAST)), &[0.4, 0.1]);
}
