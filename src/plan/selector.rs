//! Choosing stages by what was typed: names with wildcards, values of axes, checkpoints: `psth`, `fig_*`,
//! `train[seed=1]`, `activity*[seed=1,checkpoint=12800]`.

use std::collections::{BTreeSet, HashSet};

use crate::experiment::{Experiment, Node, Place, Problem, Value, hint};

use super::stages::{StageNode, StageTable};

/// Stages, each with some of its places, or `None` for all.
pub type Selected = Vec<(usize, Option<HashSet<Place>>)>;

/// Stages by a name with wildcards, at given values of axes and for given checkpoints.
pub struct Selector<'t> {
    text: &'t str,
    name: &'t str,
    filters: Vec<(&'t str, &'t str)>,
    /// The trials of the checkpoints that are meant, with wildcards; none where whole stages are.
    checkpoint: Option<&'t str>,
}

impl<'t> Selector<'t> {
    /// Reads a selector.
    ///
    /// # Errors
    /// If its brackets are none.
    pub fn parse(text: &'t str) -> Result<Self, Problem> {
        let wrong = || {
            Problem::general(format!("`{text}` selects no stages"))
                .help("write a name, with wildcards or axes as in `psth`, `fig_*`, `train[seed=1]`")
        };
        let Some((name, rest)) = text.split_once('[') else {
            return if text.is_empty() {
                Err(wrong())
            } else {
                Ok(Self { text, name: text, filters: Vec::new(), checkpoint: None })
            };
        };
        let inside = rest.strip_suffix(']').filter(|inside| !inside.is_empty()).ok_or_else(wrong)?;
        let filters: Option<Vec<(&str, &str)>> = inside.split(',').map(|part| part.split_once('=')).collect();
        let filters = filters.ok_or_else(wrong)?;
        let filters = filters.into_iter().map(|(axis, value)| (axis.trim(), value.trim()));
        let (checkpoints, filters): (Vec<_>, Vec<_>) = filters.partition(|(axis, _)| *axis == "checkpoint");
        Ok(Self { text, name, filters, checkpoint: checkpoints.last().map(|(_, trials)| *trials) })
    }

    /// The stages that this selects.
    ///
    /// # Errors
    /// If it selects nothing; the problem lists what there is.
    pub fn find(&self, experiment: &Experiment, table: &StageTable) -> Result<Selected, Problem> {
        let named: Vec<usize> =
            (0..table.stages.len()).filter(|stage| matches(self.name, &table.stages[*stage].name)).collect();
        if named.is_empty() {
            let help = hint(self.name, "stages", table.stages.iter().map(|stage| stage.name.as_str()));
            let message = if self.name.contains(['*', '?']) {
                format!("no stage is like `{}`", self.name)
            } else {
                format!("there is no stage `{}`", self.name)
            };
            return Err(Problem::general(message).help(help));
        }
        let mut found = Vec::new();
        for stage in &named {
            if self.filters.is_empty() {
                found.push((*stage, None));
            } else if let Some(places) = self.places(experiment, &table.stages[*stage]) {
                found.push((*stage, Some(places)));
            }
        }
        if found.is_empty() {
            return Err(self.nothing().help(self.choices(experiment, table, &named)));
        }
        Ok(found)
    }

    /// The stages that this selects, where it may not name checkpoints.
    ///
    /// # Errors
    /// As [`Selector::find`], and if it names checkpoints.
    pub fn find_whole(&self, experiment: &Experiment, table: &StageTable) -> Result<Selected, Problem> {
        match self.checkpoint {
            None => self.find(experiment, table),
            Some(_) => Err(Problem::general(format!("`{}` selects single checkpoints", self.text))
                .help("all checkpoints of a stage are planned together: leave `checkpoint` out")),
        }
    }

    /// Whether a checkpoint is meant, given its trials; or a whole stage, given none.
    pub fn has_checkpoint(&self, trials: Option<u64>) -> bool {
        match (self.checkpoint, trials) {
            (None, None) => true,
            (Some(wanted), Some(trials)) => matches(wanted, &trials.to_string()),
            _ => false,
        }
    }

    /// What to say if nothing is there of what this selects.
    pub fn nothing(&self) -> Problem {
        Problem::general(format!("`{}` selects nothing", self.text))
    }

    fn places(&self, experiment: &Experiment, stage: &StageNode) -> Option<HashSet<Place>> {
        let axis = |name: &str| stage.axes.iter().copied().find(|axis| experiment.axes[*axis].name == name);
        let filters: Option<Vec<(usize, &str)>> =
            self.filters.iter().map(|(name, value)| Some((axis(name)?, *value))).collect();
        let filters = filters?;
        let selected = |place: &Place| {
            let mut all = filters.iter();
            all.all(|(axis, value)| {
                let values = &experiment.axes[*axis].values;
                place.get(axis).is_some_and(|at| matches(value, &shown(&values[*at])))
            })
        };
        let places: HashSet<Place> =
            experiment.sweep.places(&stage.axes).into_iter().filter(selected).collect();
        (!places.is_empty()).then_some(places)
    }

    /// What there is to select from: the axes of the named stages with their values.
    fn choices(&self, experiment: &Experiment, table: &StageTable, named: &[usize]) -> String {
        let axes: BTreeSet<usize> =
            named.iter().flat_map(|stage| table.stages[*stage].axes.clone()).collect();
        if axes.is_empty() {
            return format!("`{}` varies over no axis", self.name);
        }
        let values = |axis: usize| {
            let values = &experiment.axes[axis].values;
            let first: Vec<String> = values.iter().take(10).map(shown).collect();
            let more = if values.len() > 10 { ", ..." } else { "" };
            format!("{} = {}{more}", experiment.axes[axis].name, first.join(", "))
        };
        let axes: Vec<String> = axes.into_iter().map(values).collect();
        format!("`{}` varies over {}", self.name, axes.join("; "))
    }
}

/// An axis value as addresses show it.
pub fn shown(node: &Node) -> String {
    match &node.value {
        Value::String(text) => text.clone(),
        _ => node.to_json().to_string(),
    }
}

/// Whether a text fits a pattern, in which `*` is any text and `?` any one letter.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = rest.as_str();
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| matches(rest, &text[at..]))
        }
        Some(letter) => {
            let mut letters = text.chars();
            letters.next().is_some_and(|found| letter == '?' || letter == found)
                && matches(rest.as_str(), letters.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_are_any_text_and_question_marks_any_letter() {
        for (pattern, text) in [
            ("psth*", "psth"),
            ("psth*", "psth_odrd"),
            ("*_odrd", "psth_odrd"),
            ("?rain", "train"),
            ("*", ""),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("psth", "psth_odrd"), ("psth?", "psth"), ("*x*", "psth"), ("", "a")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
