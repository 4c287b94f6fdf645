//! Groups of units that do alike: k-means, how good it is, and the groups in a sensible order.

mod functional;
mod kmeans;
mod silhouette;

pub use functional::{Clusters, cluster_units};
pub use kmeans::{Partition, kmeans};
pub use silhouette::silhouette;
