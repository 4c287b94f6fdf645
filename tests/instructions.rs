//! The program gives the same bytes whatever vector instructions it uses.

mod common;

use common::{Project, SMALL, assert_same};
use rnnwm::simd::Instructions;

#[test]
fn every_instruction_set_of_this_machine_gives_the_same_bytes() {
    let run = |instructions: Instructions| {
        let project = Project::new(SMALL);
        let mut command = project.command(&["run", "experiment.toml", "--no-sync"]);
        let output = command.env("RNNWM_INSTRUCTIONS", instructions.name()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        project.artifacts()
    };
    let all: Vec<_> = Instructions::available().into_iter().map(run).collect();
    assert!(all.len() > 1, "this machine has no vector instructions to compare");
    all.windows(2).for_each(|pair| assert_same(&pair[0], &pair[1]));
}

#[test]
fn unknown_instructions_are_refused_with_those_that_there_are() {
    let project = Project::new(SMALL);
    let mut command = project.command(&["run", "experiment.toml"]);
    let output = command.env("RNNWM_INSTRUCTIONS", "sse9").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("`sse9`") && message.contains("portable"), "{message}");
}
