//! For random graphs of stages, random edits, random interruptions, and kills of the real binary at random writes: an
//! incremental run ends with the same bytes as a clean one, runs nothing that a clean one would not run, and
//! nothing twice.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};

use common::{Project, assert_same};
use proptest::prelude::*;
use rnnwm::experiment::Experiment;
use rnnwm::plan::Plan;
use rnnwm::run::{Event, Events, Options, Outcome, Sink, run};
use rnnwm::store::{Digest, Durability, Key, Store};

/// What a stage of the random graph is.
#[derive(Clone, Debug)]
enum Stage {
    Select { early: usize },
    Growth { window: usize, selection: Option<usize> },
    Summary { of: usize, gathers: bool },
}

/// A random experiment: networks that are not trained, and stages about them. Stages are known by
/// numbers that never change, and have names that may.
#[derive(Clone, Debug)]
struct Graph {
    seeds: BTreeSet<usize>,
    stages: BTreeMap<usize, (usize, Stage)>,
    next: usize,
    comments: usize,
}

/// An edit; the numbers choose among what there is.
#[derive(Clone, Debug)]
enum Edit {
    Add(usize, usize, bool),
    Change(usize, usize),
    Remove(usize),
    Rename(usize),
    Seed(usize),
    Comment,
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => (0..100usize, 0..100usize, any::<bool>()).prop_map(|(a, b, c)| Edit::Add(a, b, c)),
        3 => (0..100usize, 0..5usize).prop_map(|(a, b)| Edit::Change(a, b)),
        1 => (0..100usize).prop_map(Edit::Remove),
        1 => (0..100usize).prop_map(Edit::Rename),
        1 => (0..3usize).prop_map(Edit::Seed),
        1 => Just(Edit::Comment),
    ]
}

impl Graph {
    fn new() -> Self {
        let mut graph = Self { seeds: BTreeSet::from([0]), stages: BTreeMap::new(), next: 0, comments: 0 };
        graph.add(Stage::Select { early: 0 });
        graph
    }

    fn add(&mut self, stage: Stage) {
        self.stages.insert(self.next, (self.next, stage));
        self.next += 1;
    }

    /// One of the stages for which `wanted` holds.
    fn choose(&self, number: usize, wanted: fn(&Stage) -> bool) -> Option<usize> {
        let fitting: Vec<usize> =
            self.stages.iter().filter(|(_, (_, stage))| wanted(stage)).map(|(id, _)| *id).collect();
        fitting.get(number % fitting.len().max(1)).copied()
    }

    fn apply(&mut self, edit: &Edit) {
        match *edit {
            Edit::Add(kind, number, flag) => match kind % 3 {
                0 => self.add(Stage::Select { early: number % 5 }),
                1 => {
                    let selection =
                        self.choose(number, |stage| matches!(stage, Stage::Select { .. })).filter(|_| flag);
                    self.add(Stage::Growth { window: number % 5, selection });
                }
                _ => {
                    if let Some(of) = self.choose(number, |stage| matches!(stage, Stage::Growth { .. })) {
                        self.add(Stage::Summary { of, gathers: flag });
                    }
                }
            },
            Edit::Change(number, value) => {
                let Some(id) = self.choose(number, |_| true) else { return };
                match self.stages.get_mut(&id) {
                    Some((_, Stage::Select { early: at } | Stage::Growth { window: at, .. })) => *at = value,
                    Some((_, Stage::Summary { gathers, .. })) => *gathers = value % 2 == 0,
                    None => {}
                }
            }
            Edit::Remove(number) => {
                if let Some(id) = self.choose(number, |_| true).filter(|_| self.stages.len() > 1) {
                    self.remove(id);
                }
            }
            Edit::Rename(number) => {
                if let Some(id) = self.choose(number, |_| true) {
                    self.stages.get_mut(&id).expect("it was chosen").0 = self.next;
                    self.next += 1;
                }
            }
            Edit::Seed(seed) => {
                if !self.seeds.remove(&seed) || self.seeds.is_empty() {
                    self.seeds.insert(seed);
                }
            }
            Edit::Comment => self.comments += 1,
        }
    }

    fn remove(&mut self, id: usize) {
        self.stages.remove(&id);
        let needs = |stage: &Stage| match stage {
            Stage::Growth { selection, .. } => *selection == Some(id),
            Stage::Summary { of, .. } => *of == id,
            Stage::Select { .. } => false,
        };
        let below: Vec<usize> =
            self.stages.iter().filter(|(_, (_, stage))| needs(stage)).map(|(id, _)| *id).collect();
        below.into_iter().for_each(|id| self.remove(id));
    }

    fn text(&self) -> String {
        let seeds: Vec<String> = self.seeds.iter().map(usize::to_string).collect();
        let mut text = format!(
            "# {} comments\n[axes]\nseed = [{}]\n\n[stages.train]\ntasks = [\"odr500\"]\nseed = \"{{seed}}\"\n\
             model = {{ units = 2, ring_units = 2 }}\nbatch_size = 1\ndisplay_step = 1\ntest_trials = 2\n\
             stop = {{ max_trials = 2 }}\n\n",
            self.comments,
            seeds.join(", ")
        );
        for (name, stage) in self.stages.values() {
            let name_of = |id: &usize| format!("stage{}", self.stages[id].0);
            let body = match stage {
                Stage::Select { early } => {
                    format!("kind = \"select\"\nmodel = \"train\"\ncriteria = {{ early = 0.{} }}", early + 1)
                }
                Stage::Growth { window, selection } => {
                    let selection = selection.as_ref().map(name_of);
                    let selection = selection.map_or(String::new(), |of| format!("\nselection = \"{of}\""));
                    format!(
                        "kind = \"growth\"\nmodel = \"train\"\nfigure = false\nwindow = {}{selection}",
                        window + 1
                    )
                }
                Stage::Summary { of, gathers } => {
                    let over = if *gathers { "\nover = [\"seed\"]" } else { "" };
                    format!("kind = \"summary\"\nof = [\"{}\"]\nfigure = false{over}", name_of(of))
                }
            };
            writeln!(text, "[stages.stage{name}]\n{body}\n").expect("a text can be written to");
        }
        text
    }
}

/// Tells which keys ran, and interrupts after some.
struct Watch {
    ran: Sender<Key>,
    left: Option<usize>,
    cancel: Arc<AtomicBool>,
}

impl Sink for Watch {
    fn take(&mut self, event: &Event) {
        if let Event::StageFinished { key, outcome: Outcome::Done, .. } = event {
            self.ran.send(*key).expect("somebody listens");
            self.left = self.left.map(|left| left.saturating_sub(1));
            if self.left == Some(0) {
                self.cancel.store(true, Ordering::Relaxed);
            }
        }
    }
}

/// What a run gave: the keys that ran, and the outputs of everything by its address.
struct Ran {
    keys: Vec<Key>,
    outputs: BTreeMap<String, Vec<Digest>>,
    whole: bool,
}

fn run_once(text: &str, store: &Store, stop_after: Option<usize>, jobs: usize) -> Ran {
    let experiment = Experiment::parse("random.toml", text, &[]).expect("it is TOML");
    let mut plan = Plan::new(experiment, &[], BTreeMap::new(), store)
        .unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    let cancel = Arc::new(AtomicBool::new(false));
    let (ran, keys) = channel();
    let events = Events::new(vec![Box::new(Watch { ran, left: stop_after, cancel: cancel.clone() })]);
    let options = Options { jobs, memory: u64::MAX, keep_going: false };
    let summary = run(&mut plan, store, &events, options, &cancel);
    assert!(summary.failed.is_empty() && summary.error.is_none(), "{summary:?}");
    drop(events);
    let settled =
        plan.instances().filter_map(|(_, instance)| Some((instance.address.clone(), instance.settled()?)));
    Ran {
        outputs: settled
            .map(|(address, settled)| (address, settled.outputs.values().copied().collect()))
            .collect(),
        whole: plan.instances().all(|(_, instance)| instance.settled().is_some()),
        keys: keys.into_iter().collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_incremental_run_is_a_clean_run_that_runs_less(
        first in prop::collection::vec(edit(), 3..10),
        rounds in prop::collection::vec(
            (prop::collection::vec(edit(), 1..4), prop::option::of(1..6usize), 1..4usize, any::<bool>()),
            1..5,
        ),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut graph = Graph::new();
        first.iter().for_each(|edit| graph.apply(edit));
        let mut executed = BTreeSet::new();
        for (round, (edits, stop_after, jobs, synced)) in rounds.iter().enumerate() {
            edits.iter().for_each(|edit| graph.apply(edit));
            let text = graph.text();
            let durability = if *synced { Durability::Synced } else { Durability::Unsynced };
            let clean = Store::open(&folder.path().join(format!("clean{round}")), Durability::Unsynced);
            let clean = run_once(&text, &clean.expect("a store"), None, *jobs);
            prop_assert!(clean.whole);
            let needed: BTreeSet<Key> = clean.keys.iter().copied().collect();
            prop_assert_eq!(needed.len(), clean.keys.len(), "a clean run runs nothing twice");
            // Interrupted a few times, and then left alone.
            for stop_after in [*stop_after, *stop_after, None] {
                let store = Store::open(&folder.path().join("store"), durability).expect("a store");
                let ran = run_once(&text, &store, stop_after, *jobs);
                for key in &ran.keys {
                    prop_assert!(needed.contains(key), "a clean run does not run this\n{}", text);
                    prop_assert!(executed.insert(*key), "this has run before\n{}", text);
                }
                if stop_after.is_none() {
                    prop_assert!(ran.whole);
                    prop_assert_eq!(&ran.outputs, &clean.outputs);
                    prop_assert!(run_once(&text, &store, None, 1).keys.is_empty());
                }
            }
        }
    }
}

/// Graphs with kills in the ordinary run of the tests; `RNNWM_TEST_GRAPHS=100 cargo test --release --test increments
/// killed` tries more.
const GRAPHS: u32 = 16;

fn graphs() -> u32 {
    std::env::var("RNNWM_TEST_GRAPHS").map_or(GRAPHS, |text| text.parse().expect("a number"))
}

/// A random edit of an experiment, and how its run is disturbed.
#[derive(Clone, Debug)]
struct Round {
    edits: Vec<Edit>,
    /// The writes at which the run is killed, one after the other, if it writes so much.
    kills: Vec<usize>,
    jobs: usize,
    synced: bool,
}

fn round() -> impl Strategy<Value = Round> {
    let edits = prop::collection::vec(edit(), 1..4);
    (edits, prop::collection::vec(0..70usize, 0..4), 1..4usize, any::<bool>())
        .prop_map(|(edits, kills, jobs, synced)| Round { edits, kills, jobs, synced })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: graphs(),
        failure_persistence: None,
        max_shrink_iters: 40,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_killed_incremental_run_is_a_clean_run_that_runs_less(
        first in prop::collection::vec(edit(), 3..10),
        rounds in prop::collection::vec(round(), 1..4),
    ) {
        let mut graph = Graph::new();
        first.iter().for_each(|edit| graph.apply(edit));
        let project = Project::new("");
        let mut executed = BTreeSet::new();
        for Round { edits, kills, jobs, synced } in rounds {
            edits.iter().for_each(|edit| graph.apply(edit));
            let text = graph.text();
            let clean = Project::new(&text);
            let needed: BTreeSet<String> = clean.run().ok().keys().into_iter().collect();
            project.write(&text);
            let jobs = jobs.to_string();
            let arguments: &[&str] = if synced { &["-j", &jobs] } else { &["-j", &jobs, "--no-sync"] };
            for at in kills.into_iter().map(Some).chain([None]) {
                let run = match at {
                    Some(at) => project.run_disturbed("kill", at, arguments),
                    None => project.run_with(arguments).ok(),
                };
                prop_assert!(matches!(run.code, None | Some(0)), "{:?} {}\n{}", run.code, run.stderr, text);
                for key in run.keys() {
                    prop_assert!(needed.contains(&key), "a clean run does not run this\n{}", text);
                    // What was done a moment before a kill may not be durable yet.
                    prop_assert!(synced || executed.insert(key), "this has run before\n{}", text);
                }
                if project.path("data/store").exists() {
                    project.says(&["verify"], 0);
                }
            }
            assert_same(&clean.artifacts(), &project.artifacts());
            prop_assert!(project.run().ok().ran().is_empty(), "all of it has run before\n{}", text);
            project.says(&["gc"], 0);
            executed.retain(|key| needed.contains(key));
            prop_assert!(project.run().ok().ran().is_empty(), "it has been collected\n{}", text);
        }
    }
}
