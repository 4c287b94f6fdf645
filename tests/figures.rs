//! Figures drawn from real recordings: whole, without gaps in the numbers, and always the same.

mod drawing;
mod golden;

use drawing::{checked, has_all_numbers, spans, table, text, texts, wide};
use golden::Golden;
use proptest::prelude::*;
use rnnwm::figures::{
    Arrangement, FigureError, FigureStyle, LegendPlace, PsthPanels, PsthTables, composite, endpoints, growth,
    psth, summary,
};
use rnnwm::stats::{
    Criteria, Psth, Recording, Stage, StagePsth, endpoint_edges, endpoint_histograms, select, smooth_forward,
    stage_psth,
};
use rnnwm::table::{Table, Values};
use rnnwm::tasks::{Task, score};
use serde_json::Value;

/// Headline numbers as statistics give them.
fn headline() -> Table {
    let rows = [
        ("mature", "mean endpoint distance, correct trials (degrees)", 12.34, "", ""),
        ("mature", "mean endpoint distance, error trials (degrees)", f64::NAN, "", ""),
        ("odrd", "trials to 0.95", 460_800.0, "", ""),
        ("early, mid, mature", "distance, variance explained by stage", 0.5, "one-way ANOVA", "2, 27"),
    ];
    table([
        ("group", text(rows.map(|row| row.0))),
        ("quantity", text(rows.map(|row| row.1))),
        ("value", Values::F64(rows.map(|row| row.2).to_vec())),
        ("test", text(rows.map(|row| row.3))),
        ("statistic", Values::F64(vec![f64::NAN, f64::NAN, f64::NAN, 13.5])),
        ("df", text(rows.map(|row| row.4))),
        ("p", Values::F64(vec![f64::NAN, f64::NAN, f64::NAN, 1e-5])),
        ("scope", text(["descriptive"; 4])),
    ])
}

/// The PSTH of every stage of a golden recording.
fn stage_psths(golden: &Golden) -> Vec<(Stage, StagePsth)> {
    let (stages, performance) = (golden.json("stages"), golden.json("performance"));
    let edges = |epoch: &str| golden.json("epochs")[epoch].clone();
    let edge = |epoch: &str, at: usize| edges(epoch)[at].as_u64().unwrap_or(0) as usize;
    let of_stage = |stage: Stage| {
        let checkpoints = stages[stage.name()].as_array().unwrap();
        let psths: Vec<(f64, Psth)> = checkpoints
            .iter()
            .map(|checkpoint| {
                let name = format!("checkpoint{checkpoint}/h");
                let (h, shape) = (golden.f32(&name), golden.shape(&name));
                let y_hat = golden.f32(&format!("checkpoint{checkpoint}/y_hat_last"));
                let y_loc = golden.f32(&format!("checkpoint{checkpoint}/y_loc_last"));
                let correct: Vec<bool> = score(&y_hat, &y_loc).iter().map(|trial| trial.correct).collect();
                let location: Vec<usize> = (0..shape[1]).map(|trial| trial / 16).collect();
                let recording = Recording {
                    h: &h,
                    steps: shape[0],
                    units: shape[2],
                    dt_ms: 20.0,
                    location: &location,
                    n_locations: 8,
                    correct: &correct,
                };
                let delay = edge("delay1", 0)..edge("delay1", 1);
                let rates = recording.class_rates().unwrap();
                let psth = rnnwm::stats::psth(&rates, &delay, &(0..edge("fix1", 1))).unwrap();
                (performance[checkpoint.to_string()].as_f64().unwrap(), psth)
            })
            .collect();
        stage_psth(psths.iter().map(|(performance, psth)| (*performance, psth))).unwrap()
    };
    Stage::ALL.into_iter().map(|stage| (stage, of_stage(stage))).collect()
}

/// The tables of curves and stages.
fn psth_tables(stages: &[(Stage, StagePsth)]) -> (Table, Table) {
    let (mut stage, mut trials, mut location) = (Vec::new(), Vec::new(), Vec::new());
    let (mut time, mut rate) = (Vec::new(), Vec::new());
    for (name, mean) in stages {
        let curves = [
            ("correct", "best", &mean.psth.correct_best),
            ("correct", "opposite", &mean.psth.correct_opposite),
            ("error", "best", &mean.psth.error_best),
            ("error", "opposite", &mean.psth.error_opposite),
        ];
        for (class, place, curve) in curves {
            for (step, &value) in curve.iter().enumerate() {
                stage.push(name.name());
                trials.push(class);
                location.push(place);
                time.push(step as f64 * 20.0);
                rate.push(value);
            }
        }
    }
    let curves = table([
        ("stage", text(stage)),
        ("trials", text(trials)),
        ("location", text(location)),
        ("time_ms", Values::F64(time)),
        ("rate", Values::F64(rate)),
    ]);
    let means = table([
        ("stage", text(stages.iter().map(|(stage, _)| stage.name()))),
        ("performance", Values::F64(stages.iter().map(|(_, mean)| mean.performance).collect())),
        ("units", Values::F64(stages.iter().map(|(_, mean)| mean.psth.units).collect())),
        ("checkpoints", Values::I64(stages.iter().map(|(_, mean)| mean.checkpoints as i64).collect())),
        ("rate", text(stages.iter().map(|_| "normalised rate"))),
    ]);
    (curves, means)
}

fn recording(task: &str) -> Golden {
    let mut files = golden::walk("analysis").into_iter();
    files.find(|file| file.name == format!("psth_{task}.safetensors")).unwrap()
}

#[test]
fn psth_of_one_panel_names_epochs_and_says_what_is_missing() {
    let (curves, stages) = psth_tables(&stage_psths(&recording("odr3000")));
    let spans = spans("odr3000");
    let tables = PsthTables { curves: &curves, stages: &stages, spans: &spans, numbers: &headline() };
    for (name, width) in [("psth_odr3000", 85.0), ("psth_odr3000_wide", 180.0)] {
        let svg = checked(name, || psth(tables, PsthPanels::Together, &wide(width)));
        let texts = texts(&svg);
        for word in
            ["stimulus", "delay", "go", "time (s)", "normalised rate", "correct trials", "error trials"]
        {
            assert!(texts.contains(&word), "{name}: `{word}` is missing in {texts:?}");
        }
        assert!(texts.contains(&"mature: performance 1.00, 4.0 units, 2 checkpoints"), "{texts:?}");
        assert!(svg.contains("Nothing to average, so no curve: mid error, mature error."), "{texts:?}");
    }
}

#[test]
fn psth_of_two_panels_names_the_distractor() {
    let (curves, stages) = psth_tables(&stage_psths(&recording("odrd")));
    let spans = spans("odrd");
    let tables = PsthTables { curves: &curves, stages: &stages, spans: &spans, numbers: &headline() };
    for (name, width) in [("psth_odrd", 85.0), ("psth_odrd_wide", 180.0), ("psth_odrd_narrow", 60.0)] {
        let svg = checked(name, || psth(tables, PsthPanels::ByTrials, &wide(width)));
        let texts = texts(&svg);
        for word in ["distractor", "delay 2", "correct trials", "error trials", "opposite location"] {
            assert!(texts.contains(&word), "{name}: `{word}` is missing in {texts:?}");
        }
    }
}

#[test]
fn names_of_short_epochs_find_room() {
    for task in ["odr15000", "zero_gap", "gap500"] {
        let steps = Task::named(task).unwrap().steps(20).unwrap();
        let wave = |step: usize| (step as f64 * 0.05).sin();
        let curves = table([
            ("stage", text((0..steps).map(|_| "mid"))),
            ("trials", text((0..steps).map(|_| "correct"))),
            ("location", text((0..steps).map(|_| "best"))),
            ("time_ms", Values::F64((0..steps).map(|step| step as f64 * 20.0).collect())),
            (
                "rate",
                Values::F64(
                    (0..steps).map(|step| if step % 50 == 9 { f64::NAN } else { wave(step) }).collect(),
                ),
            ),
        ]);
        let stages = table([
            ("stage", text(["mid"])),
            ("performance", Values::F64(vec![0.65])),
            ("units", Values::F64(vec![101.25])),
            ("checkpoints", Values::I64(vec![1])),
            ("rate", text(["rate (Hz)"])),
        ]);
        let spans = spans(task);
        let tables = PsthTables { curves: &curves, stages: &stages, spans: &spans, numbers: &headline() };
        let name = format!("psth_{task}");
        let svg = checked(&name, || psth(tables, PsthPanels::Together, &wide(85.0)));
        assert!(texts(&svg).contains(&"stimulus"));
    }
}

/// Endpoints of the real single model and of two made-up, less able ones.
fn endpoint_table() -> Table {
    let golden = golden::walk("analysis").into_iter().find(|file| file.name.starts_with("single")).unwrap();
    let trials = score(&golden.f32("y_hat_last"), &golden.f32("y_loc_last"));
    let edges = endpoint_edges();
    let (mut stages, mut classes, mut counts) = (Vec::new(), Vec::new(), Vec::new());
    let (mut starts, mut ends) = (Vec::new(), Vec::new());
    for (stage, blur) in [("early", 25.0), ("mid", 8.0), ("mature", 1.0)] {
        let blurred = trials.iter().enumerate().map(|(index, trial)| {
            let distance = (trial.distance.to_degrees() * blur + (index % 7) as f64 * blur).min(180.0);
            (distance, distance < 36.0)
        });
        let histograms = endpoint_histograms(blurred);
        for (class, histogram) in [("correct", histograms.correct), ("error", histograms.error)] {
            for (bin, &count) in histogram.counts.iter().enumerate() {
                stages.push(stage);
                classes.push(class);
                starts.push(edges[bin]);
                ends.push(edges[bin + 1]);
                counts.push(count as i64);
            }
        }
    }
    table([
        ("stage", text(stages)),
        ("trials", text(classes)),
        ("bin_start_deg", Values::F64(starts)),
        ("bin_end_deg", Values::F64(ends)),
        ("count", Values::I64(counts)),
    ])
}

#[test]
fn endpoints_have_a_panel_for_each_stage_and_class() {
    let table = endpoint_table();
    for (name, width) in [("endpoints", 85.0), ("endpoints_wide", 180.0)] {
        let svg = checked(name, || endpoints(&table, &headline(), &wide(width)));
        let texts = texts(&svg);
        for word in
            ["early", "mid", "mature", "error trials", "correct trials", "distance from target (degrees)"]
        {
            assert!(texts.contains(&word), "{name}: `{word}` is missing in {texts:?}");
        }
        assert_eq!(texts.iter().filter(|text| text.ends_with(" trials")).count(), 8);
    }
}

#[test]
fn growth_shows_every_task_and_the_chosen_stages() {
    let log: Value =
        serde_json::from_slice(&std::fs::read(golden::path("reference_log.json")).unwrap()).unwrap();
    let list = |key: &str| -> Vec<f64> {
        log[key].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
    };
    let trials = list("trials");
    let names = ["overlap", "zero_gap", "gap", "odr3000", "odrd", "gap500"];
    let (mut task, mut trained, mut performance) = (Vec::new(), Vec::new(), Vec::new());
    for name in names {
        task.extend(vec![name; trials.len()]);
        trained.extend(&trials);
        performance.extend(smooth_forward(&list(&format!("perf_{name}")), 5));
    }
    let curves = table([
        ("task", text(task)),
        ("trials", Values::F64(trained)),
        ("performance", Values::F64(performance)),
    ]);
    let counts: Vec<u64> = trials.iter().map(|&count| count as u64).collect();
    let chosen = select(&counts, &list("perf_odr3000"), &Criteria::default());
    let edge = |edge: fn(&[u64]) -> Option<&u64>| {
        Values::F64(Stage::ALL.iter().map(|&stage| *edge(chosen.of(stage)).unwrap() as f64).collect())
    };
    let stages = table([
        ("stage", text(Stage::ALL.map(Stage::name))),
        ("task", text(["odr3000"; 3])),
        ("start", edge(|checkpoints| checkpoints.first())),
        ("end", edge(|checkpoints| checkpoints.last())),
    ]);
    for (name, width) in [("growth", 85.0), ("growth_wide", 180.0)] {
        let svg = checked(name, || growth(&curves, &stages, &headline(), &wide(width)));
        let texts = texts(&svg);
        let shown = ["early", "mid", "mature", "trials trained (thousands)", "odrd (461)"];
        let expected = names.iter().filter(|task| **task != "odrd").chain(&shown);
        assert!(expected.into_iter().all(|word| texts.contains(word)), "{name}: {texts:?}");
    }
}

#[test]
fn summary_has_a_panel_for_each_statistic() {
    let statistics = ["mean r", "tuning width (degrees)", "endpoint error (degrees)"];
    let mut rows = Vec::new();
    for (which, statistic) in statistics.iter().enumerate() {
        for (series, stage) in ["early", "mid", "mature"].iter().enumerate() {
            for (at, delay) in ["1500", "3000", "6000"].iter().enumerate() {
                let value = (which * 10 + 3 * series + at) as f64 * 0.1 + 0.2;
                rows.push((*statistic, *stage, *delay, if which == 1 && at == 1 { f64::NAN } else { value }));
            }
        }
    }
    let table = table([
        ("statistic", text(rows.iter().map(|row| row.0))),
        ("series", text(rows.iter().map(|row| row.1))),
        ("x", text(rows.iter().map(|row| row.2))),
        ("value", Values::F64(rows.iter().map(|row| row.3).collect())),
        ("low", Values::F64(rows.iter().map(|row| row.3 - 0.12).collect())),
        ("high", Values::F64(rows.iter().map(|row| row.3 + 0.15).collect())),
        ("n", Values::I64(vec![10; rows.len()])),
    ]);
    for (name, width) in [("summary", 85.0), ("summary_wide", 180.0)] {
        let svg = checked(name, || summary(&table, "delay (ms)", &wide(width)));
        assert!(statistics.iter().all(|statistic| texts(&svg).contains(statistic)));
    }
}

#[test]
fn empty_tables_give_a_figure_that_says_so() {
    let empty = |names: &[&str]| {
        let column = |name: &str| match name {
            "stage" | "trials" | "location" | "name" | "task" | "statistic" | "series" | "x" => text([""; 0]),
            "count" | "checkpoints" | "n" => Values::I64(Vec::new()),
            _ => Values::F64(Vec::new()),
        };
        Table::new(names.iter().map(|name| (*name, column(name)))).unwrap()
    };
    let curves = empty(&["stage", "trials", "location", "time_ms", "rate"]);
    let stages = empty(&["stage", "task", "performance", "units", "checkpoints", "start", "end"]);
    let spans = empty(&["name", "start_ms", "end_ms"]);
    let tables = PsthTables { curves: &curves, stages: &stages, spans: &spans, numbers: &headline() };
    let bins = empty(&["stage", "trials", "bin_start_deg", "bin_end_deg", "count"]);
    let tests = Table::new([
        ("task", text([""; 0])),
        ("trials", Values::F64(Vec::new())),
        ("performance", Values::F64(Vec::new())),
    ]);
    let tests = tests.unwrap();
    let values = empty(&["statistic", "series", "x", "value", "low", "high", "n"]);
    let style = FigureStyle::default();
    let figures = [
        checked("nothing_psth", || psth(tables, PsthPanels::ByTrials, &style)),
        checked("nothing_endpoints", || endpoints(&bins, &headline(), &style)),
        checked("nothing_growth", || growth(&tests, &stages, &headline(), &style)),
        checked("nothing_summary", || summary(&values, "delay (ms)", &style)),
    ];
    assert!(figures.iter().all(|svg| svg.contains("Nothing to draw")));
}

/// Tables of curves, tests and values that hold any numbers at all, also such as no network gives.
fn wild_tables(numbers: &[f64]) -> [Table; 3] {
    let same = |word: &str| text(numbers.iter().map(|_| word));
    let values = || Values::F64(numbers.to_vec());
    let times = || Values::F64((0..numbers.len()).map(|step| step as f64 * 20.0).collect());
    let rows = || text(0..numbers.len());
    let [stage, trials, location] = [same("early"), same("correct"), same("best")];
    [
        table([
            ("stage", stage),
            ("trials", trials),
            ("location", location),
            ("time_ms", times()),
            ("rate", values()),
        ]),
        table([("task", same("odr")), ("trials", values()), ("performance", values())]),
        table([
            ("statistic", same("r")),
            ("series", same("")),
            ("x", rows()),
            ("value", values()),
            ("low", values()),
            ("high", times()),
            ("n", Values::I64(vec![3; numbers.len()])),
        ]),
    ]
}

/// The ends of an axis, or nothing.
fn limits() -> impl Strategy<Value = Option<[f64; 2]>> {
    prop::option::of((-1e6..1e6, 1e-3..1e6).prop_map(|(low, width)| [low, low + width]))
}

fn legends() -> impl Strategy<Value = LegendPlace> {
    prop::sample::select(vec![LegendPlace::Below, LegendPlace::Right, LegendPlace::None])
}

/// Two panels beside each other.
fn both(
    style: &FigureStyle,
    draw: impl Fn(usize, &FigureStyle) -> Result<String, FigureError>,
) -> Result<String, FigureError> {
    composite(&Arrangement { rows: vec![2], looks: [].into(), style: style.clone() }, draw)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_numbers_in_any_style_give_a_figure(
        wild in prop::collection::vec(any::<f64>(), 0..40),
        width_mm in 40.0..400.0, font_pt in 5.0..14.0, height_mm in prop::option::of(40.0..200.0),
        x_limits in limits(), y_limits in limits(), legend in legends(),
    ) {
        let style =
            FigureStyle { width_mm, font_pt, height_mm, x_limits, y_limits, legend, ..FigureStyle::default() };
        let ([curves, tests, values], spans) = (wild_tables(&wild), spans("odrd"));
        let (_, stages) = psth_tables(&[]);
        let chosen = table([
            ("stage", text([""; 0])),
            ("task", text([""; 0])),
            ("start", Values::F64(vec![])),
            ("end", Values::F64(vec![])),
        ]);
        let tables = PsthTables { curves: &curves, stages: &stages, spans: &spans, numbers: &headline() };
        let figures = [
            psth(tables, PsthPanels::Together, &style),
            psth(tables, PsthPanels::ByTrials, &style),
            growth(&tests, &chosen, &headline(), &style),
            summary(&values, "delay (ms)", &style),
            endpoints(&endpoint_table(), &headline(), &style),
            both(&style, |panel, style| match panel {
                0 => growth(&tests, &chosen, &headline(), style),
                _ => summary(&values, "delay (ms)", style),
            }),
        ];
        for figure in figures {
            match figure {
                Ok(svg) => prop_assert!(has_all_numbers(&svg) && svg.ends_with("</svg>\n")),
                Err(FigureError::Setting(why)) => prop_assert!(why.contains("no room"), "{why}"),
                Err(error) => prop_assert!(matches!(error, FigureError::NoRoom { .. }), "{error}"),
            }
        }
    }
}

#[test]
fn a_composite_has_letters_and_rows_of_equal_height() {
    let (curves, stages) = psth_tables(&stage_psths(&recording("odrd")));
    let (spans, bins) = (spans("odrd"), endpoint_table());
    let tables = PsthTables { curves: &curves, stages: &stages, spans: &spans, numbers: &headline() };
    let style = FigureStyle { title: Some("Learning".to_owned()), ..wide(180.0) };
    let arrangement = Arrangement { rows: vec![2, 1], looks: [].into(), style };
    let svg = checked("composite", || {
        composite(&arrangement, |panel, style| match panel {
            0 => psth(tables, PsthPanels::Together, style),
            1 => endpoints(&bins, &headline(), style),
            _ => psth(tables, PsthPanels::ByTrials, style),
        })
    });
    let texts = texts(&svg);
    for word in ["Learning", "A", "B", "C", "time (s)", "distance from target (degrees)"] {
        assert!(texts.contains(&word), "`{word}` is missing in {texts:?}");
    }
    assert_eq!(svg.matches("<svg").count(), 1);
    assert_eq!(svg.matches("translate(0 ").count(), 2, "two rows begin on the left");
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let table = endpoint_table();
    let refused = |style: FigureStyle| {
        endpoints(&table, &headline(), &style).err().map(|error| error.to_string()).unwrap_or_default()
    };
    let low = FigureStyle { height_mm: Some(41.0), font_pt: 12.0, ..FigureStyle::default() };
    assert!(refused(low).contains("panels would be"));
    assert_eq!(refused(wide(5.0)), "`width_mm` is 5, it should be from 40 to 400");
    let wrong = spans("odr");
    let error = endpoints(&wrong, &headline(), &FigureStyle::default()).unwrap_err().to_string();
    assert_eq!(error, "there is no column `stage`, there are: name, start_ms, end_ms");
}
