//! `--only`: the part of an experiment that was asked for.

use std::collections::{BTreeMap, HashSet};

use crate::experiment::{Experiment, Place, Problem};

use super::selector::Selector;
use super::stages::StageTable;

/// The instances that are planned.
pub struct Wanted {
    /// For each wanted stage the places, or `None` for all.
    stages: BTreeMap<usize, Option<HashSet<Place>>>,
}

impl Wanted {
    /// What `only` asks for, and what that needs; all where it asks for nothing.
    /// What it names and is not there is added to `problems`.
    pub fn new(
        experiment: &Experiment,
        table: &StageTable,
        only: &[String],
        problems: &mut Vec<Problem>,
    ) -> Self {
        if only.is_empty() {
            return Self { stages: (0..table.stages.len()).map(|stage| (stage, None)).collect() };
        }
        let mut wanted = Self { stages: BTreeMap::new() };
        for text in only {
            match Selector::parse(text).and_then(|selector| selector.find_whole(experiment, table)) {
                Ok(found) => {
                    found.into_iter().for_each(|(stage, places)| wanted.add(stage, places));
                }
                Err(problem) => problems.push(problem),
            }
        }
        // Inputs come before what takes them in.
        for stage in (0..table.stages.len()).rev() {
            wanted.add_inputs(experiment, table, stage);
        }
        wanted
    }

    /// Whether anything of a stage is wanted.
    pub fn has_stage(&self, stage: usize) -> bool {
        self.stages.contains_key(&stage)
    }

    /// Whether a stage is wanted at a place.
    pub fn has(&self, stage: usize, place: &Place) -> bool {
        self.stages.get(&stage).is_some_and(|places| places.as_ref().is_none_or(|all| all.contains(place)))
    }

    fn add(&mut self, stage: usize, places: Option<HashSet<Place>>) {
        let known = self.stages.entry(stage).or_insert_with(|| Some(HashSet::new()));
        match (known, places) {
            (Some(known), Some(more)) => known.extend(more),
            (known, None) => *known = None,
            (None, Some(_)) => {}
        }
    }

    fn add_inputs(&mut self, experiment: &Experiment, table: &StageTable, stage: usize) {
        let Some(places) = self.stages.get(&stage).cloned() else { return };
        let node = &table.stages[stage];
        for upstream in node.inputs.iter().flat_map(|(_, stages)| stages) {
            let axes = &table.stages[*upstream].axes;
            let taken = places.as_ref().map(|places| {
                places.iter().flat_map(|place| node.taken(&experiment.sweep, place, axes)).collect()
            });
            self.add(*upstream, taken);
        }
    }
}
