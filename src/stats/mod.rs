//! Statistics: pure functions from arrays to numbers.

mod clusters;
mod correlation;
mod cue_tuning;
mod endpoints;
mod heatmap;
mod inference;
mod interval;
mod numbers;
mod psth;
mod recording;
mod saccade_correlation;
mod saccades;
mod selection;
mod task_variance;
mod tuning;
mod unit_psth;
mod units;
mod weights;
mod window;

pub use clusters::{Clusters, Partition, cluster_units, kmeans, silhouette};
pub use correlation::pearson;
pub use cue_tuning::{CueTuning, CueTuningBuilder};
pub use endpoints::{BINS, Endpoints, endpoint_edges, endpoint_histograms};
pub use heatmap::{Heatmap, HeatmapBuilder};
pub use inference::{
    Pair, TestResult, correlation_t, one_sample_t, one_way_anova, paired_t, pairwise_holm, signed_rank,
};
pub use interval::{Interval, mean_interval};
pub use numbers::{
    Histogram, argmax, bin_edges, histogram, mean, mean_curve, mean_present, median, sd, smooth_forward,
};
pub use psth::{LEAST_PERFORMANCE, Psth, StagePsth, psth, psth_of, stage_psth};
pub use recording::{ClassRates, LocationRates, Recording, StatsError};
pub use saccade_correlation::{TuningR, tuning_correlation, unit_correlations};
pub use saccades::{Deviations, deviations, distance_degrees, unwrapped};
pub use selection::{Assignment, Criteria, Selection, Stage, select};
pub use task_variance::{TaskVarianceBuilder, task_variance};
pub use tuning::{Gaussian, Tuning, tuning};
pub use unit_psth::{UnitTrials, unit_trials};
pub use units::{
    best_locations, in_tuning_order, normalized, normalized_in_epoch, opposite_locations, responsive_units,
    tuned_units, tuning_index,
};
pub use weights::{WeightDistribution, central_range, weight_distribution, weight_edges};
pub use window::{CorrectRates, TrialRates};
