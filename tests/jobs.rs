//! Jobs as values, and activity that is kept.

mod common;

use std::collections::BTreeMap;

use common::{Project, SMALL};
use rnnwm::experiment::Experiment;
use rnnwm::plan::Plan;
use rnnwm::stages::Job;
use rnnwm::store::{Durability, Store};

/// The one job that an experiment of which nothing is known must run first.
fn first_job(project: &Project) -> Job {
    let experiment = Experiment::parse("small.toml", SMALL, &[]).expect("it is right");
    let store = Store::open(&project.path("data/store"), Durability::Unsynced).expect("a store");
    let plan = Plan::new(experiment, &[], BTreeMap::new(), &store).expect("a plan");
    let pending = plan.pending();
    assert_eq!(pending.len(), 1);
    plan.job(pending[0]).expect("its inputs are known")
}

#[test]
fn exec_runs_a_job_from_a_file_and_its_result_is_known_to_a_run() {
    let project = Project::new(SMALL);
    let job = first_job(&project);
    let text = serde_json::to_string(&job).expect("jobs are values");
    assert_eq!(serde_json::from_str::<Job>(&text).expect("a job"), job);
    std::fs::write(project.path("job.json"), text).expect("a file");
    let output = project.command(&["exec", "job.json"]).output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let run = project.run().ok();
    assert!(!run.ran().contains(&"train[seed=1]".to_owned()), "{:?}", run.ran());
}

#[test]
fn exec_refuses_what_is_no_job() {
    let project = Project::new(SMALL);
    let mut other_version = first_job(&project);
    other_version.version += 1;
    let text = serde_json::to_string(&other_version).expect("jobs are values");
    for (content, code) in [("{", 2), ("{\"kind\": \"train\"}", 2), (text.as_str(), 1)] {
        std::fs::write(project.path("job.json"), content).expect("a file");
        let output = project.command(&["exec", "job.json"]).output().expect("the binary runs");
        assert_eq!(output.status.code(), Some(code), "{content}");
    }
}

#[test]
fn keeping_activity_changes_nothing_that_is_made_from_it() {
    let project = Project::new(SMALL);
    project.run().ok();
    let kept = SMALL.replace("repeats = 2", "repeats = 2\nkeep = true");
    project.write(&kept);
    let checkpoints = [0, 16, 32, 48, 64].map(|trials| format!("activity[seed=1,checkpoint={trials}]"));
    assert_eq!(project.run().ok().ran(), checkpoints);
    assert!(project.path("outputs/small/activity/activity.seed=1.checkpoint=48/activity.parquet").exists());
    assert!(project.run().ok().ran().is_empty());
    // What is kept and lost is made again, alone.
    std::fs::remove_dir_all(project.path("outputs")).expect("outputs can be removed");
    let objects = project.files("data/store/objects");
    let (large, _) = objects.iter().max_by_key(|(_, bytes)| bytes.len()).expect("objects");
    std::fs::remove_file(project.path("data/store/objects").join(large)).expect("objects can be removed");
    assert_eq!(project.run().ok().ran().len(), 1);
}
