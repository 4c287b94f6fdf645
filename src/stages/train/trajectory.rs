//! Training as a chain of immutable segments.
//!
//! A trajectory is named by everything that decides it: all parameters but the stopping rule. After
//! every `display_step` steps a segment ends with a test and a checkpoint, filed under the trajectory
//! and the trials trained. Every few segments, and at the last, the optimiser's state is filed as well.
//! Walking the chain trains only what is not filed yet; so resuming after a crash, training longer and
//! training less are one and the same, and give the bytes of a fresh run.

use serde_json::{Value as Json, json};

use crate::network::{OptimizerState, Weights};
use crate::stopwatch::{Part, Stopwatch, Times};
use crate::store::{Commit, Key, Record, now_ms};
use crate::training::{Session, TestEntry, TrainingSpec};

use super::super::context::{Context, Progress, StageError};

/// Of the kind `train`: raised when training the same trajectory gives other bytes.
pub const VERSION: u32 = 1;
/// Segments between two states of the optimiser that are kept.
const STATE_EVERY: u64 = 10;

/// The key that the checkpoints of a trajectory are filed under.
pub fn collection_key(spec: &TrainingSpec) -> Result<Key, StageError> {
    Key::of(&json!({ "kind": "trajectory", "version": VERSION, "params": spec })).map_err(StageError::Job)
}

/// The key of one checkpoint of a collection.
///
/// # Errors
/// Never in practice; canonical JSON can fail.
pub fn checkpoint_key(collection: &Key, trials: u64) -> Result<Key, serde_json::Error> {
    Key::of(&checkpoint_action(collection, trials))
}

/// The trajectory that an action is a part of, and the trials after which it stands.
pub fn segment_of(action: &Json) -> Option<(Key, u64)> {
    let collection = action.get("of")?.as_str()?.parse().ok()?;
    Some((collection, action.get("trials")?.as_u64()?))
}

/// What the key of a checkpoint is computed from.
pub fn checkpoint_action(collection: &Key, trials: u64) -> Json {
    json!({ "kind": "checkpoint", "of": collection, "trials": trials })
}

fn state(collection: &Key, trials: u64) -> Json {
    json!({ "kind": "optimizer state", "of": collection, "trials": trials })
}

/// A walk along a trajectory.
pub struct Trajectory<'a> {
    spec: &'a TrainingSpec,
    collection: Key,
    most_trials: u64,
    context: &'a Context<'a>,
    /// The segment that comes next.
    segment: u64,
    /// A network in training, at the end of the segment before `segment`, if it had to be trained.
    session: Option<Session>,
    /// The state of the optimiser at the last segment, if it has not been filed.
    unfiled: Option<(u64, Vec<u8>)>,
    /// Trials trained by this walk.
    fresh: u64,
    /// How long it took to make all segments up to here, in milliseconds.
    took_ms: u64,
    watch: Stopwatch,
}

impl<'a> Trajectory<'a> {
    /// A walk from the start.
    pub fn new(spec: &'a TrainingSpec, collection: Key, most_trials: u64, context: &'a Context<'a>) -> Self {
        Self {
            spec,
            collection,
            most_trials,
            context,
            segment: 0,
            session: None,
            unfiled: None,
            fresh: 0,
            took_ms: 0,
            watch: Stopwatch::default(),
        }
    }

    /// The test at the end of the next segment, which is trained if it is not filed.
    pub fn next(&mut self) -> Result<TestEntry, StageError> {
        self.stop_if_asked()?;
        let test = match self.filed(self.segment) {
            Some((test, took_ms)) => {
                self.took_ms += took_ms;
                // A network in training is behind now, and is loaded again if it is needed.
                self.session = None;
                test
            }
            None => self.train_to(self.segment)?,
        };
        self.segment += 1;
        if self.session.is_some() || self.segment.is_multiple_of(STATE_EVERY) {
            self.tell(&test);
        }
        Ok(test)
    }

    /// Files the optimiser's state at the last segment, so that training can go on from here.
    pub fn finish(&mut self) -> Result<(), StageError> {
        if let Some((trials, bytes)) = self.unfiled.take() {
            let action = state(&self.collection, trials);
            self.commit(action, vec![("state".to_owned(), bytes)], Json::Null, now_ms())?;
        }
        Ok(())
    }

    /// How long it took to make all segments up to here, in milliseconds, whenever that was.
    pub fn took_ms(&self) -> u64 {
        self.took_ms
    }

    /// Where the time of training went since the network was last loaded; what threads do side by side is
    /// added up.
    pub fn times(&self) -> Times {
        let mut times = self.watch.times();
        if let Some(session) = &self.session {
            times += session.times();
        }
        times
    }

    fn stop_if_asked(&mut self) -> Result<(), StageError> {
        if self.context.check().is_err() {
            self.finish()?;
            return Err(StageError::Interrupted);
        }
        Ok(())
    }

    fn trials(&self, segment: u64) -> u64 {
        segment * self.spec.segment_trials()
    }

    fn lookup(&self, action: &Json) -> Option<Record> {
        self.context.store.lookup(&Key::of(action).ok()?)
    }

    /// The test of a segment that is filed with its weights, and how long the segment took in milliseconds.
    fn filed(&self, segment: u64) -> Option<(TestEntry, u64)> {
        let record = self.lookup(&checkpoint_action(&self.collection, self.trials(segment)))?;
        if !self.context.store.has(&record.outputs.get("weights")?.digest) {
            return None;
        }
        Some((serde_json::from_value(record.facts).ok()?, record.duration_ms))
    }

    /// Trains up to the end of `segment`, from the last state before it that is filed.
    fn train_to(&mut self, segment: u64) -> Result<TestEntry, StageError> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => self.resume_before(segment),
        };
        let target = self.trials(segment);
        loop {
            let started_ms = now_ms();
            if session.trials() < target {
                let trained = session
                    .train_segment(self.context.cancel)
                    .map_err(StageError::because("cannot train the network"))?;
                if !trained {
                    self.finish()?;
                    return Err(StageError::Interrupted);
                }
                self.fresh += self.spec.segment_trials();
            }
            let test = session.test().map_err(StageError::because("cannot test the network"))?;
            self.watch.restart();
            self.keep(&session, &test, started_ms)?;
            self.took_ms += now_ms().saturating_sub(started_ms);
            self.watch.lap(Part::Checkpoint);
            if session.trials() >= target {
                self.session = Some(session);
                return Ok(test);
            }
        }
    }

    /// A network at the end of the latest segment before `segment` whose whole state is filed, else at
    /// the start.
    fn resume_before(&self, segment: u64) -> Session {
        for earlier in (0..segment).rev() {
            let trials = self.trials(earlier);
            if let Some((weights, optimizer)) = self.load(trials) {
                self.context.report.log(format!("goes on from {trials} trials"));
                return Session::resume(self.spec.clone(), trials, weights, optimizer);
            }
        }
        self.context.report.log("starts from new weights".to_owned());
        Session::new(self.spec.clone())
    }

    /// Weights and optimiser state after so many trials, if both are filed and whole.
    fn load(&self, trials: u64) -> Option<(Weights, OptimizerState)> {
        let state = self.lookup(&state(&self.collection, trials))?;
        let checkpoint = self.lookup(&checkpoint_action(&self.collection, trials))?;
        let weights = self.context.store.read(&checkpoint.outputs.get("weights")?.digest).ok()?;
        let state = self.context.store.read(&state.outputs.get("state")?.digest).ok()?;
        let architecture = self.spec.architecture();
        let weights = Weights::from_safetensors(&weights, &architecture).ok()?;
        let optimizer = OptimizerState::from_safetensors(&state, self.spec.optimizer, &weights).ok()?;
        Some((weights, optimizer))
    }

    fn keep(&mut self, session: &Session, test: &TestEntry, started_ms: u64) -> Result<(), StageError> {
        let trials = session.trials();
        let facts = serde_json::to_value(test).map_err(StageError::Job)?;
        let weights = session.weights().to_safetensors();
        let action = checkpoint_action(&self.collection, trials);
        self.commit(action, vec![("weights".to_owned(), weights)], facts, started_ms)?;
        self.unfiled = Some((trials, session.optimizer().to_safetensors(session.weights())));
        let segment = trials / self.spec.segment_trials();
        if segment > 0 && segment.is_multiple_of(STATE_EVERY) {
            self.finish()?;
            // What has been trained up to here is not to be trained again, whatever happens.
            self.context.store.flush()?;
        }
        Ok(())
    }

    fn commit(
        &self,
        action: Json,
        outputs: Vec<(String, Vec<u8>)>,
        facts: Json,
        started_ms: u64,
    ) -> Result<(), StageError> {
        let key = Key::of(&action).map_err(StageError::Job)?;
        self.context.store.commit(Commit { key, action, outputs, facts, started_ms })?;
        Ok(())
    }

    fn tell(&self, test: &TestEntry) {
        self.context.report.progress(Progress {
            done: test.trials,
            total: self.most_trials.max(test.trials),
            unit: "trials",
            fresh: self.fresh,
            lowest_performance: Some(test.lowest()),
        });
        let performances: Vec<String> = test.performance.iter().map(|value| format!("{value:.3}")).collect();
        self.context.report.log(format!("{} trials: performance {}", test.trials, performances.join(" ")));
    }
}
