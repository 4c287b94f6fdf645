//! Choosing stage instances by what was typed: `train`, `train[seed=1]`, `fig_*`.

use petgraph::graph::NodeIndex;

use crate::experiment::hint;
use crate::plan::{Instance, Plan};

use super::failure::Failure;

/// A pattern for the names of stage instances.
#[derive(Debug)]
struct Pattern<'a> {
    /// The stage's name, `*` for any letters.
    name: &'a str,
    /// Places that must be among those of the instance: `seed=1`.
    places: Vec<&'a str>,
}

/// The instances that a pattern means, inputs first. Those of single checkpoints are among them only
/// where the pattern names one.
///
/// # Errors
/// If there are none.
pub fn select(plan: &Plan, typed: &str) -> Result<Vec<NodeIndex>, Failure> {
    let pattern = Pattern::new(typed);
    let of_stage = |node: NodeIndex| matches(pattern.name, &plan.stage(node).name);
    let found: Vec<NodeIndex> = plan
        .instances()
        .filter(|(node, instance)| of_stage(*node) && pattern.is_at(instance))
        .map(|(node, _)| node)
        .collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let named = plan.table.stages.iter().any(|stage| matches(pattern.name, &stage.name));
    let message = if named {
        let places = plan.instances().filter(|(node, instance)| of_stage(*node) && instance.item.is_none());
        let places: Vec<&str> = places.map(|(_, instance)| instance.address.as_str()).collect();
        format!("there is no `{typed}`; {}", hint(typed, "there are", places))
    } else {
        let names = plan.table.stages.iter().map(|stage| stage.name.as_str());
        format!("there is no stage `{}`; {}", pattern.name, hint(pattern.name, "stages", names))
    };
    Err(Failure::Input(message))
}

impl<'a> Pattern<'a> {
    fn new(typed: &'a str) -> Self {
        let (name, rest) = typed.split_once('[').unwrap_or((typed, ""));
        let places = rest.trim_end_matches(']').split(',').map(str::trim);
        Self { name, places: places.filter(|place| !place.is_empty()).collect() }
    }

    fn is_at(&self, instance: &Instance) -> bool {
        let inside = instance.address.split_once('[').map_or("", |(_, inside)| inside);
        let places: Vec<&str> = inside.trim_end_matches(']').split(',').collect();
        let checkpoint = self.places.iter().any(|place| place.starts_with("checkpoint="));
        self.places.iter().all(|wanted| places.iter().any(|place| matches(wanted, place)))
            && (instance.item.is_none() || checkpoint)
    }
}

/// Whether a name fits a pattern in which `*` stands for any letters.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(name) = name.strip_prefix(head) else { return false };
    (0..=name.len()).any(|at| name.get(at..).is_some_and(|name| matches(rest, name)))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_letters() {
        assert!(matches("fig_*", "fig_psth") && matches("*", "") && matches("p*h", "psth"));
        assert!(matches("*a*b*", "xaybz") && !matches("*a*b*", "xbya"));
        assert!(!matches("psth", "fig_psth") && !matches("fig_*x", "fig_psth"));
    }
}
