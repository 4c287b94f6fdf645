//! Populations, single units and weights: drawn from a golden recording and from any numbers, and run
//! through the real binary, also where there is nothing to see.

mod common;
mod drawing;
mod golden;

use common::{Project, SMALL};
use drawing::{checked, has_all_numbers, spans, table, text, texts, wide};
use golden::Golden;
use proptest::prelude::*;
use rnnwm::figures::{
    FigureError, FigureStyle, HeatmapTables, UnitPsthTables, WeightsTables, heatmap, input_weights,
    unit_psth, weights,
};
use rnnwm::stats::{Recording, unit_trials};
use rnnwm::table::{Table, Values};

/// All four kinds, with everything that they can be asked for.
const POPULATIONS: &str = r#"
[stages.heatmap]
activity = "activity"

[stages.unit_psth]
activity = "activity"

[stages.two_units]
kind = "unit_psth"
activity = "activity"
units = [3, 7]
stage = "early"

[stages.weights]
activity = "activity"

[stages.weights_by_function]
kind = "weights"
activity = "activity"
order = "cluster"
checkpoint = 64

[stages.input_weights]
activity = "activity"
"#;

const FIGURES: [&str; 6] =
    ["heatmap", "unit_psth", "two_units", "weights", "weights_by_function", "input_weights"];

fn f64s(values: impl IntoIterator<Item = f64>) -> Values {
    Values::F64(values.into_iter().collect())
}

fn i64s(values: impl IntoIterator<Item = usize>) -> Values {
    Values::I64(values.into_iter().map(|value| value as i64).collect())
}

fn checkpoint() -> [(&'static str, Values); 4] {
    [
        ("stage", text(["mature"])),
        ("checkpoint", i64s([468_480])),
        ("performance", f64s([0.964])),
        ("epoch", text(["stim1"])),
    ]
}

/// The tables of a heatmap of sorted rows.
fn heatmap_tables(rows: &[f64], best_deg: &[f64], peak: &[f64], locations: usize) -> [Table; 3] {
    let steps = rows.len().checked_div(best_deg.len()).unwrap_or(0);
    let cells = table([
        ("time_ms", f64s((0..rows.len()).map(|at| (at % steps) as f64 * 20.0))),
        ("rate", f64s(rows.iter().copied())),
    ]);
    let units = table([("best_deg", f64s(best_deg.iter().copied())), ("peak", f64s(peak.iter().copied()))]);
    let shown =
        [("location_deg", f64s([90.0])), ("locations", i64s([locations])), ("correct_trials", i64s([16]))];
    let about = Table::new(checkpoint().into_iter().chain(shown)).unwrap();
    [cells, units, about]
}

fn draw_heatmap([cells, units, about]: &[Table; 3], style: &FigureStyle) -> Result<String, FigureError> {
    heatmap(HeatmapTables { cells, units, about, spans: &spans("odr3000") }, style)
}

fn single_model() -> Golden {
    golden::walk("analysis").into_iter().find(|file| file.name.starts_with("single_model_")).unwrap()
}

#[test]
fn a_golden_heatmap_is_drawn_with_epochs_and_locations() {
    let golden = single_model();
    let (best, peak) = (golden.indices("expect/best_cue_location"), golden.f64("expect/best_cue_peak"));
    let order = golden.indices("expect/heatmap_unit_order");
    let best: Vec<f64> = order.iter().map(|&unit| best[unit] as f64 * 45.0).collect();
    let peak: Vec<f64> = order.iter().map(|&unit| peak[unit]).collect();
    let tables = heatmap_tables(&golden.f64("expect/heatmap_rows"), &best, &peak, 8);
    for (name, width) in [("heatmap", 85.0), ("heatmap_wide", 180.0)] {
        let svg = checked(name, || draw_heatmap(&tables, &wide(width)));
        assert_eq!(svg.matches("<image").count(), 2, "the heatmap and its colour bar");
        let texts = texts(&svg);
        for word in ["stimulus", "delay", "go", "time (s)", "0\u{b0}", "90\u{b0}", "0.0", "1.0"] {
            assert!(texts.contains(&word), "{name}: `{word}` is missing in {texts:?}");
        }
        assert!(svg.contains("32 units, 16 correct trials") && svg.contains("Hatched: 5 units"), "{texts:?}");
    }
}

#[test]
fn a_golden_unit_is_drawn_around_its_tuning() {
    let golden = single_model();
    let (h, shape) = (golden.f32("h"), golden.shape("h"));
    let location = golden.indices("in_loc");
    let correct: Vec<bool> =
        golden.indices("expect/correct").into_iter().map(|correct| correct == 1).collect();
    let recording = Recording {
        h: &h,
        steps: shape[0],
        units: shape[2],
        dt_ms: 20.0,
        location: &location,
        n_locations: 8,
        correct: &correct,
    };
    let seen: Vec<_> = (0..8).map(|at| unit_trials(&recording, 4, at, &(0..50)).unwrap()).collect();
    let svg = checked("unit_psth", || {
        let rows = || seen.iter().enumerate().flat_map(|(at, seen)| seen.rates.iter().map(move |r| (at, *r)));
        let trials = table([
            ("unit", i64s(rows().map(|_| 4))),
            ("location", i64s(rows().map(|(at, _)| at))),
            ("trial", i64s(seen.iter().flat_map(|seen| seen.trials.iter().flat_map(|t| [*t; 250])))),
            ("time_ms", f64s((0..rows().count()).map(|row| (row % 250) as f64 * 20.0))),
            ("rate", f64s(rows().map(|(_, rate)| rate))),
        ]);
        let means: Vec<f64> = seen.iter().flat_map(|seen| seen.mean.clone()).collect();
        let means = table([
            ("unit", i64s(means.iter().map(|_| 4))),
            ("location", i64s((0..8).flat_map(|at| [at; 250]))),
            ("time_ms", f64s((0..means.len()).map(|row| (row % 250) as f64 * 20.0))),
            ("rate", f64s(means)),
        ]);
        let tuning = table([
            ("unit", i64s([4; 8])),
            ("location", i64s(0..8)),
            ("place", i64s(0..8)),
            ("angle_deg", f64s((0..8).map(|at| f64::from(at) * 45.0))),
            ("rate_hz", f64s(seen.iter().map(|seen| 20.0 + 10.0 * seen.mean[120]))),
        ]);
        let about = Table::new(checkpoint()).unwrap();
        let spans = spans("odr3000");
        let tables =
            UnitPsthTables { trials: &trials, means: &means, tuning: &tuning, about: &about, spans: &spans };
        unit_psth(tables, &wide(180.0))
    });
    let texts = texts(&svg);
    for word in ["unit 4", "315\u{b0}", "n = 16", "time (s)", "normalised rate"] {
        assert!(texts.contains(&word), "`{word}` is missing in {texts:?}");
    }
}

/// Weights of a network of `units` units with `ring` locations and two tasks, from any numbers.
fn weights_svg(
    units: usize,
    ring: usize,
    clusters: bool,
    number: impl Fn(usize) -> f64,
    style: &FigureStyle,
) -> Result<String, FigureError> {
    let sizes = [
        ("fixation", units, 1),
        ("ring", units, ring),
        ("rules", units, 2),
        ("recurrent", units, units),
        ("bias", units, 1),
        ("output fixation", 1, units),
        ("output ring", ring, units),
        ("output bias", ring + 1, 1),
    ];
    let cells =
        || sizes.iter().flat_map(|&(name, rows, columns)| (0..rows * columns).map(move |at| (name, at)));
    let matrices = table([
        ("block", text(cells().map(|(name, _)| name))),
        ("weight", f64s(cells().map(|(_, at)| number(at)))),
    ]);
    let blocks = table([
        ("block", text(sizes.iter().map(|size| size.0))),
        ("columns", i64s(sizes.iter().map(|size| size.2))),
        ("low", f64s(sizes.iter().map(|size| number(size.1)))),
        ("high", f64s(sizes.iter().map(|size| number(size.1 + 1)))),
    ]);
    let grouped = |unit: usize| unit * 4 / units.max(1);
    let shown = table([
        ("best_deg", f64s((0..units).map(|unit| grouped(unit) as f64 * 90.0))),
        ("cluster", i64s((0..units).map(grouped))),
    ]);
    let n = if clusters { 4 } else { 0 };
    let preferred = table([("preferred", text(["overlap", "odr", "odr", "odr"].into_iter().take(n)))]);
    let rows = if clusters { 2 * units } else { 0 };
    let variance = table([
        ("task", text((0..rows).map(|row| ["overlap", "odr"][row % 2]))),
        ("variance", f64s((0..rows).map(|row| number(row).abs()))),
    ]);
    let about = Table::new(checkpoint()).unwrap();
    let tables = WeightsTables {
        cells: &matrices,
        blocks: &blocks,
        units: &shown,
        clusters: &preferred,
        variance: &variance,
        about: &about,
    };
    weights(tables, style)
}

#[test]
fn weights_stand_where_they_belong() {
    let wave = |at: usize| libm::sin(at as f64 * 1.37);
    for (name, width, clusters) in
        [("weights", 85.0, false), ("weights_wide", 180.0, false), ("weights_clusters", 180.0, true)]
    {
        let svg = checked(name, || weights_svg(48, 8, clusters, wave, &wide(width)));
        let texts = texts(&svg);
        for word in ["fixation", "ring", "rules", "bias", "from unit", "to unit", "recurrent weight"] {
            assert!(texts.contains(&word), "{name}: `{word}` is missing in {texts:?}");
        }
        assert_eq!(svg.matches("<image").count(), if clusters { 10 } else { 9 }, "{name}");
        assert_eq!(svg.contains("odr moves clusters 2, 3, 4 most"), clusters, "{name}");
    }
    checked("weights_360", || weights_svg(60, 360, false, wave, &wide(180.0)));
}

/// A histogram of one stage.
fn histogram(counts: &[i64], mean: f64) -> [Table; 2] {
    let bins = counts.len();
    let edge = |at: usize| -3.0 + 6.0 * at as f64 / bins as f64;
    let histograms = table([
        ("stage", text((0..bins).map(|_| "mid"))),
        ("bin_start", f64s((0..bins).map(edge))),
        ("bin_end", f64s((0..bins).map(|at| edge(at + 1)))),
        ("count", Values::I64(counts.to_vec())),
    ]);
    let whole = |value: i64| Values::I64(vec![value]);
    let stages = table([
        ("stage", text(["mid"])),
        ("checkpoints", whole(2)),
        ("mean", f64s([mean])),
        ("negative", whole(counts.iter().take(bins / 2).sum())),
        ("positive", whole(counts.iter().skip(bins / 2).sum())),
        ("outside", whole(3)),
    ]);
    [histograms, stages]
}

#[test]
fn input_weights_say_their_mean_and_counts() {
    let counts: Vec<i64> = (0..50i64).map(|bin| 600 - (bin - 24) * (bin - 24)).map(|n| n.max(0)).collect();
    let [histograms, stages] = histogram(&counts, -0.031);
    let svg = checked("input_weights", || input_weights(&histograms, &stages, &wide(85.0)));
    assert!(texts(&svg).contains(&"mean \u{2212}0.031"), "{:?}", texts(&svg));
    assert!(svg.contains("3 weights lie outside"));
}

/// Any number that a statistic can give.
fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => -3.0f64..3.0,
        1 => Just(f64::NAN),
        1 => Just(0.0),
        1 => prop_oneof![Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(1e300), Just(-1e-300)],
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_numbers_are_drawn_without_a_gap(
        numbers in prop::collection::vec(any_number(), 24), locations in 1usize..400, wide_enough: bool,
    ) {
        let style = wide(if wide_enough { 180.0 } else { 85.0 });
        let whole = |svg: Result<String, FigureError>| {
            let svg = svg.unwrap();
            assert!(has_all_numbers(&svg), "{svg}");
        };
        let best: Vec<f64> = (0..6).map(|unit| f64::from(unit) * 45.0).collect();
        whole(draw_heatmap(&heatmap_tables(&numbers, &best, &numbers[..6], locations), &style));
        whole(weights_svg(7, locations, wide_enough, |at| numbers[at % 24], &style));
        let counts: Vec<i64> = numbers.iter().map(|n| n.clamp(0.0, 1e6) as i64).collect();
        let [histograms, stages] = histogram(&counts, numbers[0]);
        whole(input_weights(&histograms, &stages, &style));
    }
}

#[test]
fn a_heatmap_of_nothing_says_so() {
    let nothing = draw_heatmap(&heatmap_tables(&[], &[], &[], 8), &wide(85.0)).unwrap();
    assert!(nothing.contains("Nothing to draw"));
}

fn small() -> Project {
    Project::new(&format!("{SMALL}{POPULATIONS}"))
}

fn drawing(project: &Project, stage: &str) -> String {
    let path = project.path(&format!("outputs/small/figures/fig_{stage}.seed=1.svg"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn result(project: &Project, stage: &str, name: &str) -> Table {
    let path = project.path(&format!("outputs/small/tables/{stage}.seed=1/{name}.parquet"));
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Table::from_parquet(&bytes).unwrap()
}

#[test]
fn an_untrained_network_without_correct_trials_is_looked_at_all_the_same() {
    let project = small();
    let run = project.run().ok();
    let said = |what: &str| {
        run.events.iter().any(|event| {
            event["event"] == "stage_log" && event["line"].as_str().is_some_and(|line| line.contains(what))
        })
    };
    for stage in FIGURES {
        let svg = drawing(&project, stage);
        assert!(has_all_numbers(&svg), "{stage}");
    }
    assert!(said("warning: no correct trial at location"));
    assert_eq!(result(&project, "weights", "cells").len(), 12 * (1 + 8 + 2 + 12 + 1 + 9) + 9);
    assert_eq!(result(&project, "weights_by_function", "task_variance").len(), 24);
    assert!(!result(&project, "weights_by_function", "silhouettes").is_empty());
    let stages = result(&project, "input_weights", "stages");
    assert_eq!(stages.i64("checkpoints").unwrap(), [2, 1, 2]);
    let counted = stages.i64("negative").unwrap().into_iter().sum::<i64>()
        + stages.i64("positive").unwrap().into_iter().sum::<i64>();
    assert_eq!(counted, 5 * 8 * 12);
    assert_eq!(result(&project, "two_units", "tuning").len(), 16);
}

/// The columns of every table, as people and scripts rely on them.
#[test]
fn tables_have_these_columns() {
    let project = small();
    project.run().ok();
    let mut listing = String::new();
    for (path, bytes) in project.files("outputs/small/tables") {
        let ours = ["heatmap", "unit_psth", "weights_by_function", "input_weights"];
        let is_ours = ours.iter().any(|stage| path.starts_with(format!("{stage}.seed=1")));
        if is_ours && path.extension().is_some_and(|extension| extension == "parquet") {
            let table = Table::from_parquet(&bytes).unwrap();
            listing.push_str(&format!("{}: {}\n", path.display(), table.columns().join(", ")));
        }
    }
    insta::assert_snapshot!(listing);
}

#[test]
fn a_stage_without_checkpoints_leaves_an_empty_figure_and_a_warning() {
    let text = format!("{SMALL}{POPULATIONS}").replace("mid = [32]", "mid = []");
    let project = Project::new(&text.replace("mature = [48, 64]", "mature = [64]"));
    let run = project.run().ok();
    assert!(drawing(&project, "heatmap").contains("Nothing to draw"));
    let warned = run.events.iter().any(|event| {
        event["line"].as_str().is_some_and(|line| line.contains("warning: no checkpoint is mid"))
    });
    assert!(warned);
    assert_eq!(result(&project, "heatmap", "numbers").len(), 0);
}

#[test]
fn a_checkpoint_that_was_not_chosen_is_said_with_the_nearest() {
    let project =
        Project::new(&format!("{SMALL}\n[stages.heatmap]\nactivity = \"activity\"\ncheckpoint = 40\n"));
    let run = project.run();
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr.contains("no checkpoint at 40 trials was chosen; the nearest is at"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_cannot_be_is_said_with_its_place() {
    for (wrong, said) in [
        ("kind = \"heatmap\"\nlocation = 8", "there is no location 8"),
        ("kind = \"heatmap\"\nepoch = \"stim\"", "has no epoch `stim`"),
        ("kind = \"unit_psth\"\nunits = [12]", "there is no unit 12"),
        ("kind = \"unit_psth\"\nunits = [0, 1, 2, 3, 4, 5, 6]", "at most 6"),
        ("kind = \"weights\"\norder = \"size\"", "size"),
        ("kind = \"input_weights\"\nstages = []", "stages"),
    ] {
        let project = Project::new(&format!("{SMALL}\n[stages.wrong]\nactivity = \"activity\"\n{wrong}\n"));
        let run = project.run();
        assert_eq!(run.code, Some(2), "{wrong}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{wrong}: {}", run.stderr);
    }
}
