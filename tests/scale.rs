//! `rnnwm bench engine`: what it prints, and the experiments that it leaves for others to time. How long
//! anything takes is no business of a test.

mod common;

use common::{Project, SMALL};
use serde_json::Value as Json;

fn sizes(measured: &Json) -> Vec<u64> {
    let sizes = measured.as_array().expect("a list").iter();
    sizes.map(|size| size["stages"].as_u64().expect("a number")).collect()
}

#[test]
fn the_engine_is_measured_and_its_experiments_run() {
    let project = Project::new(SMALL);
    let said = project.says(&["bench", "engine", "--stages", "200", "--json", "--write", "left"], 0);
    let measured: Json = serde_json::from_str(&said).expect("JSON");
    for what in ["noop", "plan"] {
        assert_eq!(sizes(&measured[what]), [200], "{measured}");
        assert!(measured[what][0]["ms"].is_f64(), "{measured}");
    }
    for what in ["overhead_ms", "overhead_no_sync_ms", "help_ms"] {
        assert!(measured[what].as_f64().is_some_and(|ms| ms > 0.0), "{measured}");
    }
    let run = ["run", "left/stages-200.toml", "--no-sync", "--quiet", "--json"];
    for (ran, known) in [(200, 0), (0, 200)] {
        let ended: Json = serde_json::from_str(&project.says(&run, 0)).expect("JSON");
        assert_eq!((ended["ran"].as_u64(), ended["known"].as_u64()), (Some(ran), Some(known)), "{ended}");
    }
}
