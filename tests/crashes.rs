//! Every write of a run is the last one: the process is killed there, the power fails, the disk is full.
//! The store stays whole, the next run goes on, and ends with the bytes of an undisturbed one. And kills at
//! random moments, as many as are asked for.

mod common;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use common::power::{Chance, lose_power};
use common::{Project, SMALL, TINY, assert_same};

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// What an undisturbed run gives, and how many writes it takes.
fn undisturbed() -> (Files, usize) {
    let project = Project::new(TINY);
    project.run_with_fault("kill", usize::MAX).ok();
    (project.artifacts(), writes(&project))
}

/// How many writes have been listed.
fn writes(project: &Project) -> usize {
    std::fs::read_to_string(project.path("trace")).expect("a trace").lines().count()
}

/// Lets every write of a run meet a fault, looks at what `check` says of it, and then sees that the store is
/// whole and the next run ends as it should.
fn at_every_write(fault: &str, check: impl Fn(&Project, &common::Run, usize) + Sync) {
    let (expected, writes) = undisturbed();
    assert!(writes > 30, "{writes} writes");
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if at >= writes {
                        break;
                    }
                    let project = Project::new(TINY);
                    let run = project.run_with_fault(fault, at);
                    // How writes come together in batches differs from run to run, and so their number.
                    if self::writes(&project) > at {
                        check(&project, &run, at);
                    }
                    if project.path("data/store").exists() {
                        project.says(&["verify"], 0);
                    }
                    project.run().ok();
                    assert_same(&expected, &project.artifacts());
                    assert!(project.run().ok().ran().is_empty(), "{fault} at write {at}");
                }
            });
        }
    });
}

#[test]
fn a_kill_at_any_write_harms_nothing() {
    at_every_write("kill", |_, run, at| assert_eq!(run.code, None, "write {at}: {}", run.stderr));
}

#[test]
fn a_loss_of_power_at_any_write_harms_nothing() {
    at_every_write("kill", |project, _, at| lose_power(project, at as u64));
}

#[test]
fn a_disk_that_is_full_at_any_write_is_an_error_and_harms_nothing() {
    at_every_write("full", |_, run, at| {
        let said = &run.stderr;
        assert!(matches!(run.code, Some(0 | 1)), "write {at}: {:?} {said}", run.code);
        assert!(said.contains("no storage space"), "write {at}: {said}");
        assert!(!said.contains("panic") && !said.contains("internal error"), "write {at}: {said}");
    });
}

#[test]
fn a_store_that_is_read_only_serves_what_it_knows() {
    let project = Project::new(SMALL);
    project.run().ok();
    let before = project.artifacts();
    let read_only = || {
        let mut command = project.command(&["run", "experiment.toml"]);
        let output = command.env("RNNWM_FAULT", "readonly@0").output().expect("the binary runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = read_only();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("0 ran, 8 known"), "{said}");
    project.write(&SMALL.replace("max_trials = 320", "max_trials = 640"));
    let (code, said) = read_only();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("stage train[seed=1] failed"), "{said}");
    assert!(said.contains("nothing new can be computed into what cannot be written"), "{said}");
    project.write(SMALL);
    assert!(project.run().ok().ran().is_empty());
    assert_same(&before, &project.artifacts());
}

#[test]
#[cfg(unix)]
fn a_stage_that_is_out_of_memory_harms_nothing() {
    let huge = SMALL.to_owned()
        + "[stages.huge]\nkind = \"train\"\ntasks = [\"overlap\"]\nmodel = { units = 16384 }\n";
    let project = Project::new(&huge);
    // Its weights alone take 1.07 GB.
    let output = project.run_limited("ulimit -c 0; ulimit -v 950000", "--no-sync -j 1");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("memory allocation"), "{output:?}");
    project.says(&["verify"], 0);
    project.write(SMALL);
    project.run().ok();
    let undisturbed = Project::new(SMALL);
    undisturbed.run().ok();
    assert_same(&project.artifacts(), &undisturbed.artifacts());
}

/// Kills in the ordinary run of the tests; `RNNWM_TEST_KILLS=200 cargo test --release --test crashes kills`
/// tries more.
const KILLS: usize = 20;

#[test]
fn kills_at_random_moments_harm_nothing() {
    let kills = std::env::var("RNNWM_TEST_KILLS").map_or(KILLS, |text| text.parse().expect("a number"));
    let experiment = SMALL.replace("max_trials = 320", "max_trials = 3200");
    let undisturbed = Project::new(&experiment);
    undisturbed.run().ok();
    let expected = undisturbed.artifacts();
    let mut chance = Chance(kills as u64);
    let mut project = Project::new(&experiment);
    let mut killed = 0;
    // What the store had of the training after the last kill, in trials.
    let mut saved = 0;
    while killed < kills {
        let arguments: &[&str] = if chance.of(2) == 0 { &[] } else { &["--no-sync"] };
        let _ = std::fs::remove_file(project.path("events.ndjson"));
        let mut child = project.start("events.ndjson", arguments);
        std::thread::sleep(Duration::from_millis(chance.of(400)));
        let ended = child.try_wait().expect("the child can be asked").is_some();
        child.kill().expect("it can be killed");
        let code = child.wait().expect("it ends").code();
        if let Some(from) = project.events("events.ndjson").iter().find_map(goes_on_from) {
            assert_eq!(from, saved, "training goes on from elsewhere");
        }
        if ended || code.is_some() {
            assert_eq!(code, Some(0));
            assert_same(&expected, &project.artifacts());
            project = Project::new(&experiment);
            saved = 0;
            continue;
        }
        killed += 1;
        if project.path("data/store").exists() {
            project.says(&["verify"], 0);
            saved = project.saved();
        }
    }
    project.run().ok();
    assert_same(&expected, &project.artifacts());
}

/// Where training goes on, if the event tells.
fn goes_on_from(event: &serde_json::Value) -> Option<u64> {
    let line = event["line"].as_str()?;
    line.strip_prefix("goes on from ")?.strip_suffix(" trials")?.parse().ok()
}
