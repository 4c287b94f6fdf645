//! Rates, saccades and tuning, told by the real binary: what a network that has learnt nothing gives, one
//! that has learnt, and parameters that cannot be.

mod common;
mod drawing;

use common::{Project, SMALL};
use drawing::has_all_numbers;
use rnnwm::table::Table;

const KINDS: [&str; 3] = ["tuning_correlation", "r_distribution", "tuning"];

fn with_statistics(parameters: &str) -> String {
    let stages = KINDS.map(|kind| format!("[stages.{kind}]\nactivity = \"activity\"\n{parameters}\n"));
    format!("{SMALL}\n{}", stages.concat())
}

/// A network that has learnt nothing has no correct trials, or few: there are tables and figures of what
/// there is, a warning in the log, and nothing missing is drawn.
#[test]
fn a_network_that_has_learnt_nothing_gives_what_there_is() {
    let project = Project::new(&with_statistics("window = \"whole\""));
    let run = project.run().ok();
    for kind in KINDS {
        let warned = run.events.iter().any(|event| {
            event["event"] == "stage_log"
                && event["stage"].as_str().is_some_and(|stage| stage.starts_with(kind))
                && event["line"].as_str().is_some_and(|line| line.starts_with("warning: "))
        });
        assert!(warned, "{kind} warns of nothing");
        let path = project.path(&format!("outputs/small/figures/fig_{kind}.seed=1.svg"));
        let svg = std::fs::read_to_string(path).expect("a figure");
        assert!(has_all_numbers(&svg), "{kind} draws what is missing");
    }
}

#[test]
fn all_units_of_one_stage_by_independent_simulations_can_be_asked_for() {
    let asked = with_statistics("units = [0, 3, 7]\nstages = [\"mature\"]");
    let pairing = asked.replace(
        "[stages.r_distribution]\nactivity",
        "[stages.r_distribution]\npairing = \"independent\"\nactivity",
    );
    let project = Project::new(&pairing);
    project.run().ok();
    for (path, bytes) in project.files("outputs/small/tables") {
        let name = path.display().to_string();
        if KINDS.iter().any(|kind| name.starts_with(kind)) && name.ends_with("stages.parquet") {
            let table = Table::from_parquet(&bytes).expect("a table");
            assert_eq!(table.text("stage").expect("stages"), ["mature"], "{name}");
        }
    }
}

fn message(parameters: &str) -> String {
    let stage = format!("[stages.tuning]\nactivity = \"activity\"\n{parameters}\n");
    let project = Project::new(&format!("{SMALL}\n{stage}"));
    let output = project.command(&["plan", "experiment.toml"]).output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn parameters_that_cannot_be_are_shown_at_their_place() {
    let wrong = [
        "units = \"responsiv\"",
        "units = [3, 12]",
        "units = [3, -1]",
        "units = 5",
        "window = \"all\"",
        "window = { last_ms = 5 }",
        "window = { last_ms = 9000 }",
        "window = { last = 1000 }",
        "window = 1000",
        "stages = []",
        "stages = [\"late\"]",
        "epoch = \"delay2\"\nbaseline = \"fix\"",
    ];
    insta::assert_snapshot!(wrong.map(message).join("\n"));
}
