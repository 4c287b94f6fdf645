//! The registry: every stage kind there is, one line each.

use super::kind::StageKind;
use super::{
    activity, composite, endpoints, figure, growth, heatmap, import, input_weights, psth, r_distribution,
    select, summary, train, tuning, tuning_correlation, unit_psth, weights,
};

/// The kinds that an experiment can name.
pub fn kinds() -> &'static [&'static dyn StageKind] {
    &[
        &train::Train,
        &import::Import,
        &select::Select,
        &activity::Activity,
        &psth::PsthKind,
        &endpoints::EndpointsKind,
        &growth::Growth,
        &tuning_correlation::TuningCorrelation,
        &tuning::TuningKind,
        &r_distribution::RDistribution,
        &heatmap::HeatmapKind,
        &unit_psth::UnitPsthKind,
        &weights::WeightsKind,
        &input_weights::InputWeights,
        &summary::Summary,
        &composite::Composite,
    ]
}

/// The kind of this name, figures included.
pub fn kind(name: &str) -> Option<&'static dyn StageKind> {
    let figure: &'static dyn StageKind = figure::FIGURE;
    kinds().iter().copied().chain([figure]).find(|kind| kind.name() == name)
}
