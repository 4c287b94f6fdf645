//! Inferential statistics: tests of means and medians, differences between groups.

mod anova;
mod distributions;
mod student;
mod test;
mod wilcoxon;

pub use anova::{Pair, one_way_anova, pairwise_holm};
pub use student::{correlation_t, one_sample_t, paired_t};
pub use test::TestResult;
pub use wilcoxon::signed_rank;
