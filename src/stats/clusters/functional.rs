//! Units grouped by which tasks move them.

use rayon::prelude::*;

use super::kmeans::{Partition, kmeans};
use super::silhouette::silhouette;
use crate::random::Stream;
use crate::stats::numbers::argmax;

/// Units whose task variances add up to no more than this do not take part.
const LEAST_VARIANCE: f64 = 1e-3;
/// The most clusters that are tried, from 2 on.
const MOST_CLUSTERS: usize = 29;
/// Fewer units than this cannot be grouped.
const LEAST_UNITS: usize = 3;

/// Units in clusters. Clusters are ordered by the task that they prefer, then by size, the largest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clusters {
    /// The units that take part, by cluster, within a cluster ascending.
    pub order: Vec<usize>,
    /// The cluster of every one of [`Clusters::order`], ascending.
    pub labels: Vec<usize>,
    /// The task that each cluster prefers `[cluster]`: that of the largest mean normalised variance.
    pub preferred: Vec<usize>,
    /// Mean silhouette for each number of clusters that was tried: (clusters, silhouette).
    pub silhouettes: Vec<(usize, f64)>,
}

impl Clusters {
    /// Units in each cluster.
    pub fn sizes(&self) -> Vec<usize> {
        let size = |cluster| self.labels.iter().filter(|label| **label == cluster).count();
        (0..self.preferred.len()).map(size).collect()
    }

    /// The silhouette of the number of clusters that was taken; NaN without clusters.
    pub fn silhouette(&self) -> f64 {
        let taken = self.silhouettes.iter().find(|(clusters, _)| *clusters == self.preferred.len());
        taken.map_or(f64::NAN, |(_, silhouette)| *silhouette)
    }
}

/// Groups units by their task variances `[unit, task]` (Yang et al., *Nat. Neurosci.* 22:297, 2019):
/// units that vary at all, each normalised by its largest variance, into the number of clusters
/// (2 to 29) of the first best silhouette. No clusters for fewer than three such units, or if they are all
/// alike.
pub fn cluster_units(variance: &[f64], tasks: usize, stream: &Stream) -> Clusters {
    let rows: Vec<&[f64]> = variance.chunks_exact(tasks.max(1)).collect();
    let active = |unit: &usize| rows[*unit].iter().sum::<f64>() > LEAST_VARIANCE;
    let units: Vec<usize> = (0..rows.len()).filter(active).collect();
    if units.len() < LEAST_UNITS {
        return Clusters::default();
    }
    let normalized = units.iter().flat_map(|&unit| {
        let largest = rows[unit].iter().copied().fold(0.0, f64::max);
        rows[unit].iter().map(move |variance| variance / largest)
    });
    let points: Vec<f64> = normalized.collect();
    let tried: Vec<(Partition, f64)> = (2..=MOST_CLUSTERS.min(units.len() - 1))
        .into_par_iter()
        .map(|clusters| {
            let partition = kmeans(&points, tasks, clusters, stream);
            let silhouette = silhouette(&points, tasks, &partition.labels);
            (partition, silhouette)
        })
        .collect();
    let silhouettes: Vec<(usize, f64)> =
        tried.iter().enumerate().map(|(index, (_, silhouette))| (index + 2, *silhouette)).collect();
    let best = argmax(silhouettes.iter().map(|(_, silhouette)| *silhouette));
    match best {
        None => Clusters { silhouettes, ..Clusters::default() },
        Some(best) => Clusters { silhouettes, ..ordered(&units, &points, tasks, &tried[best].0.labels) },
    }
}

/// Clusters in order of preferred task, then of size, then as they were found.
fn ordered(units: &[usize], points: &[f64], tasks: usize, labels: &[usize]) -> Clusters {
    let count = labels.iter().max().map_or(0, |&last| last + 1);
    let mut clusters: Vec<(usize, Vec<usize>)> = (0..count)
        .filter_map(|cluster| {
            let members: Vec<usize> = (0..units.len()).filter(|&at| labels[at] == cluster).collect();
            let total = |task| members.iter().map(|at| points[at * tasks + task]).sum::<f64>();
            Some((argmax((0..tasks).map(total))?, members)).filter(|(_, members)| !members.is_empty())
        })
        .collect();
    clusters.sort_by_key(|(preferred, members)| (*preferred, std::cmp::Reverse(members.len())));
    let mut ordered = Clusters::default();
    for (cluster, (preferred, members)) in clusters.into_iter().enumerate() {
        ordered.labels.extend(members.iter().map(|_| cluster));
        ordered.order.extend(members.into_iter().map(|at| units[at]));
        ordered.preferred.push(preferred);
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> Stream {
        Stream::new(0, "clusters")
    }

    #[test]
    fn clusters_come_by_preferred_task_then_by_size() {
        // Units 0, 3, 5 live for task 1; 1, 4 for task 0; 6, 7, 8 for task 0 and half for 1; 2 is silent.
        let variance = [
            [0.1, 2.0],
            [1.0, 0.0],
            [0.0, 0.0005],
            [0.0, 1.0],
            [3.0, 0.0],
            [0.0, 0.5],
            [1.0, 0.5],
            [2.0, 1.02],
            [4.0, 2.0],
        ];
        let clusters = cluster_units(&variance.concat(), 2, &stream());
        assert_eq!(clusters.order, [6, 7, 8, 1, 4, 0, 3, 5]);
        assert_eq!(clusters.labels, [0, 0, 0, 1, 1, 2, 2, 2]);
        assert_eq!((&clusters.preferred, clusters.sizes()), (&vec![0, 0, 1], vec![3, 2, 3]));
        assert!(clusters.silhouette() > 0.9);
        assert_eq!(clusters.silhouettes.len(), 6);
    }

    #[test]
    fn too_few_units_or_units_that_are_alike_make_no_clusters() {
        let none = cluster_units(&[1.0, 0.0, 0.0, 1.0], 2, &stream());
        assert!(none.order.is_empty() && none.silhouette().is_nan());
        let alike = cluster_units(&[2.0; 5], 1, &stream());
        assert!(alike.order.is_empty() && alike.silhouette().is_nan());
        assert_eq!(cluster_units(&[], 2, &stream()), Clusters::default());
    }
}
