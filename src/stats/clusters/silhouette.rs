//! How clearly clusters are apart.

use super::kmeans::squared_distance;

/// The mean silhouette of `points` (`[point, dimension]`) under `labels`, from -1 to 1: for each point
/// `(b - a) / max(a, b)`, with `a` the mean distance to the others of its cluster and `b` the least mean
/// distance to the points of another cluster; 0 for a point alone in its cluster
/// (Rousseeuw, *J. Comput. Appl. Math.* 20:53, 1987). NaN for fewer than two clusters.
pub fn silhouette(points: &[f64], dimensions: usize, labels: &[usize]) -> f64 {
    let points: Vec<&[f64]> = points.chunks_exact(dimensions.max(1)).collect();
    let clusters = labels.iter().max().map_or(0, |&last| last + 1);
    let mut sizes = vec![0usize; clusters];
    labels.iter().for_each(|&label| sizes[label] += 1);
    if sizes.iter().filter(|size| **size > 0).count() < 2 {
        return f64::NAN;
    }
    let mut sums = vec![0.0; clusters];
    let widths = points.iter().zip(labels).map(|(point, &own)| {
        sums.fill(0.0);
        for (other, &label) in points.iter().zip(labels) {
            sums[label] += squared_distance(point, other).sqrt();
        }
        if sizes[own] < 2 {
            return 0.0;
        }
        let within = sums[own] / (sizes[own] - 1) as f64;
        let others = (0..clusters).filter(|&label| label != own && sizes[label] > 0);
        let beside = others.map(|label| sums[label] / sizes[label] as f64).fold(f64::INFINITY, f64::min);
        let larger = within.max(beside);
        if larger > 0.0 { (beside - within) / larger } else { 0.0 }
    });
    widths.sum::<f64>() / points.len() as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::kmeans::kmeans;
    use super::*;
    use crate::random::Stream;

    #[test]
    fn it_is_worked_out_by_hand_for_four_points() {
        // a = 1, b = 10.5 for 0; a = 1, b = 9.5 for 1; the other two are alike.
        let expected = ((10.5 - 1.0) / 10.5 + (9.5 - 1.0) / 9.5) / 2.0;
        assert!((silhouette(&[0.0, 1.0, 10.0, 11.0], 1, &[0, 0, 1, 1]) - expected).abs() < 1e-12);
        assert_eq!(silhouette(&[0.0, 1.0], 1, &[0, 1]), 0.0);
        assert!(silhouette(&[0.0, 1.0], 1, &[0, 0]).is_nan());
        assert!(silhouette(&[], 1, &[]).is_nan());
    }

    /// Values of scikit-learn 1.9.1: `silhouette_score`.
    #[test]
    fn it_is_what_scikit_learn_says() {
        let at = |i: usize, groups: usize, step: f64, factor: usize| {
            (i % groups) as f64 * step + (i * factor % 60) as f64 / 60.0
        };
        let points: Vec<f64> = (0..60).flat_map(|i| [at(i, 4, 0.6, 37), at(i, 3, 0.7, 23)]).collect();
        let fifths: Vec<usize> = (0..60).map(|i| i % 5).collect();
        assert!((silhouette(&points, 2, &fifths) + 0.09942797052537734).abs() < 1e-9);
        let best = kmeans(&points, 2, 4, &Stream::new(0, "clusters")).labels;
        assert!((silhouette(&points, 2, &best) - 0.3578048642552546).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn it_lies_between_minus_one_and_one_and_names_do_not_matter(
            points in prop::collection::vec((-3.0f64..3.0, 0usize..4), 2..40),
        ) {
            let (values, labels): (Vec<f64>, Vec<usize>) = points.into_iter().unzip();
            let here = silhouette(&values, 1, &labels);
            let renamed: Vec<usize> = labels.iter().map(|label| 3 - label).collect();
            let there = silhouette(&values, 1, &renamed);
            prop_assert!(here.is_nan() == there.is_nan());
            prop_assert!(here.is_nan() || ((-1.0..=1.0).contains(&here) && (here - there).abs() < 1e-12));
        }
    }
}
