//! Moves labels apart, each no further than it must.

/// Where labels go that would like to be at `wanted`, no two nearer than `gap`, all between `low` and `high`:
/// the nearest such places in the least-squares sense, in the order of `wanted`.
///
/// Less `gap` times their rank, places may not descend: so this is isotonic regression,
/// which pooling adjacent violators solves. Labels that do not fit keep their gap and run past `high`.
pub(super) fn spread(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));

    // Blocks of labels that touch: their mean wish, and how many.
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (rank, &index) in order.iter().enumerate() {
        let mut block = (wanted[index] - rank as f64 * gap, 1);
        while let Some(&(mean, count)) = blocks.last().filter(|last| last.0 > block.0) {
            let total = count + block.1;
            block.0 = (mean * count as f64 + block.0 * block.1 as f64) / total as f64;
            block.1 = total;
            blocks.pop();
        }
        blocks.push(block);
    }

    // Between bounds the solution is the clipped one.
    let room = (high - low) - (wanted.len().saturating_sub(1)) as f64 * gap;
    let mut places = vec![0.0; wanted.len()];
    let settled = blocks.iter().flat_map(|&(mean, count)| std::iter::repeat_n(mean, count));
    for (rank, (value, &index)) in settled.zip(&order).enumerate() {
        places[index] = value.clamp(low, low + room.max(0.0)) + rank as f64 * gap;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_with_room_stay_where_they_are() {
        assert_eq!(spread(&[50.0, 10.0, 90.0], 20.0, 0.0, 100.0), [50.0, 10.0, 90.0]);
    }

    #[test]
    fn crowded_labels_spread_about_their_mean() {
        assert_eq!(spread(&[50.0, 51.0, 49.0], 10.0, 0.0, 100.0), [50.0, 60.0, 40.0]);
    }

    #[test]
    fn labels_stay_inside_the_bounds() {
        assert_eq!(spread(&[1.0, 2.0, 99.0], 10.0, 0.0, 95.0), [0.0, 10.0, 95.0]);
    }

    #[test]
    fn too_many_labels_still_do_not_overlap() {
        assert_eq!(spread(&[5.0, 5.0, 5.0], 10.0, 0.0, 12.0), [0.0, 10.0, 20.0]);
        assert!(spread(&[], 10.0, 0.0, 12.0).is_empty());
    }
}
