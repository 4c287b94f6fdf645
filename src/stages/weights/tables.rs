//! What `weights` says, as tables.

use crate::stages::analysis::about;
use crate::stages::context::StageError;
use crate::stages::numbers::Numbers;
use crate::stages::tables::Tables;
use crate::stats::{Clusters, central_range, mean, one_way_anova};
use crate::table::{Table, Values};

use super::kind::{Order, Resolved, Seen};

/// Best locations that are no further apart are the same, in degrees; opposite ones are as near to it.
const NEAR_DEG: f64 = 22.5;

/// The tables of what was found, or those of nothing.
pub fn tables(seen: Option<&Seen>, resolved: &Resolved) -> Result<Tables, StageError> {
    let failed = || StageError::because("cannot build the table");
    let sorted = match resolved.order {
        Order::Cluster if seen.is_some_and(|seen| !seen.clusters.order.is_empty()) => "cluster",
        _ => "cue",
    };
    let sorted = [("order", Values::Text(vec![sorted.to_owned()]))];
    let about = about(resolved.stage, seen.map(|seen| &seen.chosen)).into_iter().chain(sorted);
    let numbers = seen.map_or_else(Numbers::default, |seen| numbers(seen, resolved));
    Ok(Tables::default()
        .with("cells", cells(seen)?)
        .with("blocks", block_table(seen)?)
        .with("units", units(seen)?)
        .with("clusters", clusters(seen, resolved)?)
        .with("silhouettes", silhouettes(seen)?)
        .with("task_variance", variance(seen, resolved)?)
        .with("about", Table::new(about).map_err(failed())?)
        .with("numbers", numbers.into_table()?))
}

fn built<const N: usize>(columns: [(&str, Values); N]) -> Result<Table, StageError> {
    Table::new(columns).map_err(StageError::because("cannot build the table"))
}

fn cells(seen: Option<&Seen>) -> Result<Table, StageError> {
    let blocks = || seen.iter().flat_map(|seen| &seen.blocks);
    let cells = || blocks().flat_map(|block| (0..block.values.len()).map(move |at| (block, at)));
    built([
        ("block", Values::Text(cells().map(|(block, _)| block.name.to_owned()).collect())),
        ("row", Values::I64(cells().map(|(block, at)| (at / block.width) as i64).collect())),
        ("column", Values::I64(cells().map(|(block, at)| (at % block.width) as i64).collect())),
        ("weight", Values::F64(blocks().flat_map(|block| block.values.iter().copied()).collect())),
    ])
}

fn block_table(seen: Option<&Seen>) -> Result<Table, StageError> {
    let blocks = || seen.iter().flat_map(|seen| &seen.blocks);
    let ranges: Vec<(f64, f64)> = blocks().map(|block| central_range(&block.values)).collect();
    built([
        ("block", Values::Text(blocks().map(|block| block.name.to_owned()).collect())),
        ("rows", Values::I64(blocks().map(|block| block.height() as i64).collect())),
        ("columns", Values::I64(blocks().map(|block| block.width as i64).collect())),
        ("low", Values::F64(ranges.iter().map(|(low, _)| *low).collect())),
        ("high", Values::F64(ranges.iter().map(|(_, high)| *high).collect())),
    ])
}

/// Units in the order in which they are shown.
fn units(seen: Option<&Seen>) -> Result<Table, StageError> {
    let order = seen.map_or(&[][..], |seen| &seen.order);
    let degrees = |unit: &usize| seen.and_then(|seen| best_degrees(seen, *unit)).unwrap_or(f64::NAN);
    let labels = seen.map_or(&[][..], |seen| &seen.clusters.labels);
    // Units in clusters come first.
    let cluster = |place: usize| labels.get(place).map_or(-1, |label| *label as i64);
    built([
        ("place", Values::I64((0..order.len() as i64).collect())),
        ("unit", Values::I64(order.iter().map(|unit| *unit as i64).collect())),
        ("best_deg", Values::F64(order.iter().map(degrees).collect())),
        ("cluster", Values::I64((0..order.len()).map(cluster).collect())),
    ])
}

fn best_degrees(seen: &Seen, unit: usize) -> Option<f64> {
    seen.tuning.best[unit].map(|location| 360.0 * location as f64 / seen.locations as f64)
}

fn clusters(seen: Option<&Seen>, resolved: &Resolved) -> Result<Table, StageError> {
    let none = Clusters::default();
    let clusters = seen.map_or(&none, |seen| &seen.clusters);
    let names = clusters.preferred.iter().map(|task| resolved.tasks[*task].name.clone());
    built([
        ("cluster", Values::I64((0..clusters.preferred.len() as i64).collect())),
        ("preferred", Values::Text(names.collect())),
        ("units", Values::I64(clusters.sizes().into_iter().map(|size| size as i64).collect())),
    ])
}

fn silhouettes(seen: Option<&Seen>) -> Result<Table, StageError> {
    let tried = seen.map_or(&[][..], |seen| &seen.clusters.silhouettes);
    built([
        ("clusters", Values::I64(tried.iter().map(|(clusters, _)| *clusters as i64).collect())),
        ("silhouette", Values::F64(tried.iter().map(|(_, silhouette)| *silhouette).collect())),
    ])
}

/// Task variances in the order of units, task by task within a unit.
fn variance(seen: Option<&Seen>, resolved: &Resolved) -> Result<Table, StageError> {
    let tasks = resolved.tasks.len();
    let order = seen.map_or(&[][..], |seen| &seen.order);
    let rows =
        || order.iter().enumerate().flat_map(|(at, unit)| (0..tasks).map(move |task| (at, *unit, task)));
    let value = |unit: usize, task: usize| seen.map_or(f64::NAN, |seen| seen.variance[unit * tasks + task]);
    built([
        ("place", Values::I64(rows().map(|(place, ..)| place as i64).collect())),
        ("unit", Values::I64(rows().map(|(_, unit, _)| unit as i64).collect())),
        ("task", Values::Text(rows().map(|(.., task)| resolved.tasks[task].name.clone()).collect())),
        ("variance", Values::F64(rows().map(|(_, unit, task)| value(unit, task)).collect())),
    ])
}

/// How strongly units of like and of opposite best locations drive each other, and the clusters.
fn numbers(seen: &Seen, resolved: &Resolved) -> Numbers {
    let mut numbers = Numbers::default();
    let group = resolved.stage.name();
    let distance = |one: usize, other: usize| {
        let away = (best_degrees(seen, one)? - best_degrees(seen, other)?).abs();
        Some(away.min(360.0 - away))
    };
    let recurrent = seen.blocks.iter().find(|block| block.name == "recurrent");
    let incoming = |is_meant: &dyn Fn(f64) -> bool| -> Vec<f64> {
        let rows = recurrent.iter().flat_map(|block| block.values.chunks_exact(block.width.max(1)));
        let means = seen.order.iter().zip(rows).map(|(&to, row)| {
            let meant = |from: &usize| *from != to && distance(to, *from).is_some_and(is_meant);
            let weights = seen.order.iter().zip(row).filter(|(from, _)| meant(from));
            mean(&weights.map(|(_, weight)| *weight).collect::<Vec<f64>>())
        });
        means.filter(|mean| !mean.is_nan()).collect()
    };
    let same = incoming(&|degrees| degrees <= NEAR_DEG);
    let opposite = incoming(&|degrees| degrees >= 180.0 - NEAR_DEG);
    let mut test = one_way_anova(&[same.clone(), opposite.clone()]);
    for (which, weights) in [("same", same), ("opposite", opposite)] {
        if !weights.is_empty() {
            let quantity = format!("mean recurrent weight from units of the {which} best location");
            numbers.mean(group, &quantity, &weights).test(test.take());
        }
    }
    if !resolved.tasks.is_empty() {
        let units = seen.clusters.order.len();
        numbers.push(group, "clusters of units", seen.clusters.preferred.len() as f64, units);
        numbers.push(group, "silhouette of the clusters", seen.clusters.silhouette(), units);
    }
    numbers
}
