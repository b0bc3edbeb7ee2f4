//! Against all poses, tried one by one.

use super::*;
use crate::tests::{LinearProblem, noise};

fn search(settings: PoseSettings) -> PoseSearch {
    PoseSearch::new(settings).unwrap()
}

/// Margins and errors of one batch of poses.
fn judged(problem: &LinearProblem, pose: &Tensor) -> (Vec<f64>, Vec<bool>) {
    let x = SpatialMeasure::Pose.render(&problem.batch.x, pose);
    let of = Judgement::by_margin(&problem.model, &x, problem.batch.classes().unwrap()).unwrap();
    (Vec::try_from(of.margin.to_kind(Kind::Double)).unwrap(), Vec::try_from(of.wrong).unwrap())
}

#[test]
fn the_grid_is_evenly_spaced_and_holds_the_ends_and_the_middle() {
    let attack = search(PoseSettings { rotations: 3, translations: 5, draws: 0 });
    assert_eq!(attack.poses(), 75);
    let poses: Vec<[f32; 3]> = (0..75).map(|number| attack.of_grid(number)).collect();
    // Exact in binary.
    let bits = |pose: [f32; 3]| pose.map(f32::to_bits);
    for (place, pose) in [(0, [-1.0; 3]), (1, [-1.0, -1.0, -0.5]), (37, [0.0; 3]), (74, [1.0; 3])] {
        assert_eq!(bits(poses[place]), bits(pose));
    }
    assert!((1..75).all(|place| !poses[..place].contains(&poses[place])), "no pose is tried twice");
    let one = search(PoseSettings { rotations: 1, translations: 1, draws: 0 });
    assert_eq!((one.poses(), bits(one.of_grid(0))), (1, bits([0.0; 3])));
}

#[test]
fn an_image_falls_if_any_pose_fools_the_model_and_else_comes_back_in_the_worst() {
    let problem = LinearProblem::of_images(40);
    let still = Tensor::zeros([40, 3], (Kind::Float, tch::Device::Cpu));
    let (clean, wrong) = judged(&problem, &still);
    let (mut fallen, mut standing) = (0, 0);
    let cases = [
        PoseSettings { rotations: 5, translations: 3, draws: 0 },
        PoseSettings { draws: 6, ..PoseSettings::default() },
    ];
    for (settings, radius) in cases.into_iter().flat_map(|case| [1.0, 4.0, 40.0].map(|radius| (case, radius)))
    {
        let attack = search(settings);
        let found = attack.transform(&problem.model, &problem.batch, radius, &noise()).unwrap();
        let shift = (PIXELS_PER_DEGREE * radius) as f32;
        let greatest = Tensor::from_slice(&[radius as f32, shift, shift]);
        let each = (0..attack.poses()).map(|number| {
            judged(&problem, &(attack.unit_poses(number, &problem.batch, &noise()) * &greatest))
        });
        let each: Vec<(Vec<f64>, Vec<bool>)> = each.collect();
        let (margin, fooled) = judged(&problem, &found);
        for image in 0..40 {
            let falls = each.iter().any(|(_, wrong)| wrong[image]);
            assert_eq!(fooled[image], wrong[image] || falls, "{settings:?}, image {image}");
            if wrong[image] {
                assert_eq!(found.get(image as i64), still.get(0));
            } else if falls {
                fallen += 1;
            } else {
                standing += 1;
                let worst = each.iter().map(|(margin, _)| margin[image]).fold(clean[image], f64::max);
                assert!((margin[image] - worst).abs() < 1e-6, "{settings:?}, image {image}");
            }
        }
    }
    assert!(fallen > 0 && standing > 0, "{fallen} fallen and {standing} standing show nothing");
}

#[test]
fn nothing_to_try_is_refused() {
    let usual = PoseSettings::default();
    for (settings, part) in [
        (PoseSettings { rotations: 0, ..usual }, "rotations must be at least 1"),
        (PoseSettings { translations: 0, ..usual }, "translations must be at least 1"),
    ] {
        assert!(PoseSearch::new(settings).unwrap_err().to_string().contains(part));
    }
}
