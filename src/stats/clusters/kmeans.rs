//! k-means with careful seeding.

use crate::random::Stream;

/// Starts of a clustering; the best one counts.
const STARTS: u32 = 20;
/// Rounds of one start, if it does not come to rest before.
const MOST_ROUNDS: usize = 300;

/// Points divided into clusters.
#[derive(Clone, Debug, PartialEq)]
pub struct Partition {
    /// The cluster of every point, `0..k` `[point]`.
    pub labels: Vec<usize>,
    /// Sum over points of the squared distance to the mean of their cluster.
    pub inertia: f64,
}

/// Divides `points` (`[point, dimension]`) of `dimensions` dimensions into `k` clusters: Lloyd's algorithm
/// from 20 starts, each seeded by k-means++ (Arthur & Vassilvitskii, *SODA* 2007), the first of least
/// inertia. The same stream gives the same clusters.
///
/// No cluster is empty if there are `k` different points.
pub fn kmeans(points: &[f64], dimensions: usize, k: usize, stream: &Stream) -> Partition {
    let points = Points { values: points, dimensions: dimensions.max(1) };
    let starts = (0..STARTS).map(|start| points.settle(points.seed(k, stream, start)));
    let mut best: Option<Partition> = None;
    for partition in starts {
        if best.as_ref().is_none_or(|best| partition.inertia < best.inertia) {
            best = Some(partition);
        }
    }
    best.unwrap_or(Partition { labels: Vec::new(), inertia: 0.0 })
}

/// The square of the distance between two points.
pub(super) fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

struct Points<'a> {
    values: &'a [f64],
    dimensions: usize,
}

impl<'a> Points<'a> {
    fn len(&self) -> usize {
        self.values.len() / self.dimensions
    }

    fn iter(&self) -> impl Iterator<Item = &'a [f64]> {
        self.values.chunks_exact(self.dimensions)
    }

    fn at(&self, index: usize) -> &'a [f64] {
        &self.values[index * self.dimensions..(index + 1) * self.dimensions]
    }

    /// Centres for a start: points drawn with a probability that grows with the squared distance to the
    /// nearest centre so far.
    fn seed(&self, k: usize, stream: &Stream, start: u32) -> Vec<f64> {
        let mut centers = Vec::with_capacity(k * self.dimensions);
        let mut nearest = vec![1.0; self.len()];
        for round in 0..k.min(self.len()) {
            let total: f64 = nearest.iter().sum();
            let mut rest = stream.uniform([k as u32, start, round as u32, 0]) * total;
            let drawn = nearest.iter().position(|weight| {
                rest -= weight;
                rest < 0.0
            });
            // Where all points are centres already, or rounding leaves a rest, any point will do.
            let center = self.at(drawn.unwrap_or(self.len() - 1));
            centers.extend_from_slice(center);
            for (nearest, point) in nearest.iter_mut().zip(self.iter()) {
                let distance = squared_distance(point, center);
                *nearest = if round == 0 { distance } else { distance.min(*nearest) };
            }
        }
        centers
    }

    /// Lloyd's algorithm: every point to its nearest centre (the first on ties), every centre to the mean
    /// of its points, until nothing moves.
    fn settle(&self, mut centers: Vec<f64>) -> Partition {
        let mut labels = vec![usize::MAX; self.len()];
        let mut inertia = 0.0;
        for _ in 0..MOST_ROUNDS {
            let mut moved = false;
            inertia = 0.0;
            for (label, point) in labels.iter_mut().zip(self.iter()) {
                let (nearest, distance) = nearest_center(point, &centers, self.dimensions);
                moved |= *label != nearest;
                *label = nearest;
                inertia += distance;
            }
            if !moved {
                break;
            }
            self.move_centers(&labels, &mut centers);
        }
        Partition { labels, inertia }
    }

    /// Moves centres to the mean of their points; one without points stays.
    fn move_centers(&self, labels: &[usize], centers: &mut [f64]) {
        let mut sums = vec![0.0; centers.len()];
        let mut counts = vec![0usize; centers.len() / self.dimensions];
        for (&label, point) in labels.iter().zip(self.iter()) {
            counts[label] += 1;
            let sums = &mut sums[label * self.dimensions..][..self.dimensions];
            sums.iter_mut().zip(point).for_each(|(sum, value)| *sum += value);
        }
        let pairs = centers.chunks_exact_mut(self.dimensions).zip(sums.chunks_exact(self.dimensions));
        for ((center, sums), count) in pairs.zip(counts).filter(|(_, count)| *count > 0) {
            center.iter_mut().zip(sums).for_each(|(center, sum)| *center = sum / count as f64);
        }
    }
}

fn nearest_center(point: &[f64], centers: &[f64], dimensions: usize) -> (usize, f64) {
    let mut best = (0, f64::INFINITY);
    for (index, center) in centers.chunks_exact(dimensions).enumerate() {
        let distance = squared_distance(point, center);
        if distance < best.1 {
            best = (index, distance);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stream() -> Stream {
        Stream::new(0, "clusters")
    }

    #[test]
    fn clear_groups_are_found() {
        let points = [0.0, 0.1, 5.0, 5.1, 9.0, 9.2, 0.05];
        let found = kmeans(&points, 1, 3, &stream());
        let same = |a: usize, b: usize| found.labels[a] == found.labels[b];
        assert!(same(0, 1) && same(0, 6) && same(2, 3) && same(4, 5));
        assert!(!same(0, 2) && !same(2, 4) && !same(0, 4));
        assert!((found.inertia - (0.005 + 0.005 + 0.02)).abs() < 1e-12);
    }

    /// Values of scikit-learn 1.9.1: `KMeans(k, n_init=500).inertia_`.
    #[test]
    fn it_finds_what_scikit_learn_finds() {
        let at = |i: usize, groups: usize, step: f64, factor: usize| {
            (i % groups) as f64 * step + (i * factor % 60) as f64 / 60.0
        };
        let points: Vec<f64> = (0..60).flat_map(|i| [at(i, 4, 0.6, 37), at(i, 3, 0.7, 23)]).collect();
        for (k, inertia) in [(2, 33.367962962962956), (3, 22.251275462962962), (4, 15.549930555555555)] {
            assert!((kmeans(&points, 2, k, &stream()).inertia / inertia - 1.0).abs() < 1e-9, "{k}");
        }
    }

    #[test]
    fn fewer_different_points_than_clusters_are_no_harm() {
        assert_eq!(kmeans(&[1.0, 1.0, 1.0], 1, 3, &stream()).inertia, 0.0);
        assert_eq!(kmeans(&[1.0], 1, 4, &stream()).labels, [0]);
        assert!(kmeans(&[], 3, 2, &stream()).labels.is_empty());
    }

    proptest! {
        #[test]
        fn every_point_is_with_its_nearest_mean_and_more_clusters_are_no_worse(
            points in prop::collection::vec(-3.0f64..3.0, 12..80),
        ) {
            let points = &points[..points.len() / 2 * 2];
            let n = points.len() / 2;
            let mut before = f64::INFINITY;
            for k in 1..5.min(n) {
                let found = kmeans(points, 2, k, &stream());
                prop_assert_eq!(&found, &kmeans(points, 2, k, &stream()));
                prop_assert!(found.inertia <= before * (1.0 + 1e-9));
                before = found.inertia;
                let mean = |label: usize, dimension: usize| {
                    let of: Vec<f64> = (0..n).filter(|&at| found.labels[at] == label)
                        .map(|at| points[2 * at + dimension]).collect();
                    of.iter().sum::<f64>() / of.len() as f64
                };
                let means: Vec<[f64; 2]> = (0..k).map(|label| [mean(label, 0), mean(label, 1)]).collect();
                for (point, &label) in points.chunks(2).zip(&found.labels) {
                    let own = squared_distance(point, &means[label]);
                    prop_assert!(means.iter().all(|mean| own <= squared_distance(point, mean) + 1e-9));
                }
            }
        }
    }
}
