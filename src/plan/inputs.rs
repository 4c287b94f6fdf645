//! What an instance takes in: as a key is made of it, and as a job has it.

use std::collections::BTreeMap;
use std::path::Path;

use petgraph::graph::NodeIndex;
use serde_json::{Map, Value as Json, json};

use crate::stages::{ActionText, Arity, Input, Job, JobInput, Source};
use crate::store::{Digest, Key, Outputs};

use super::instance::{Instance, State};
use super::planner::Plan;

/// What takes in inputs, in ascending order of their names.
trait Taking {
    /// Begins an input.
    fn input(&mut self, name: &str);
    /// Adds objects of the store. `item` tells them from others, as canonical JSON, or is empty.
    fn stored(&mut self, item: &str, outputs: &Outputs, parts: &[&str]);
    /// Adds a file outside of the store. `item` is as for [`Taking::stored`].
    fn file(&mut self, item: &str, path: &Path, digest: &Digest);
    /// Adds what an instance simulates.
    fn simulated(&mut self, item: &str, digest: &Digest, by: NodeIndex);
}

impl Plan {
    /// The job of an instance, or `None` while something upstream is not known.
    pub fn job(&self, node: NodeIndex) -> Option<Job> {
        let instance = &self.graph[node];
        let kind = self.stage(node).kind;
        let mut inputs = JobInputs { plan: self, inputs: BTreeMap::new(), last: String::new() };
        self.take_in(node, &mut inputs).ok()??;
        Some(Job {
            kind: kind.name().to_owned(),
            version: kind.version(),
            params: instance.params(),
            inputs: inputs.inputs,
        })
    }

    /// The key of an instance, or `None` while something upstream is not known.
    pub(super) fn key(&self, node: NodeIndex) -> Result<Option<Key>, serde_json::Error> {
        let kind = self.stage(node).kind;
        let mut text = ActionText::default();
        let taken = self.take_in(node, &mut text)?;
        Ok(taken.map(|()| text.key(kind.name(), kind.version(), &self.graph[node].resolved)))
    }

    /// Whether everything that an instance takes in is known. What has been found known is not looked at
    /// again.
    pub(super) fn has_inputs(&mut self, node: NodeIndex) -> bool {
        let instance = &self.graph[node];
        let known = |upstream: &&NodeIndex| self.gives(**upstream);
        let more = instance.inputs.iter().flatten().skip(instance.taken_in).take_while(known).count();
        let taken_in = instance.taken_in + more;
        let all = taken_in == instance.inputs.iter().map(Vec::len).sum::<usize>();
        self.graph[node].taken_in = taken_in;
        all
    }

    /// Whether what an instance gives is known.
    pub(super) fn gives(&self, node: NodeIndex) -> bool {
        let instance = &self.graph[node];
        match &instance.state {
            State::Expanded(checkpoints) => checkpoints.iter().all(|checkpoint| self.gives(*checkpoint)),
            _ => instance.simulated.is_some() || instance.settled().is_some(),
        }
    }

    fn take_in(&self, node: NodeIndex, taking: &mut impl Taking) -> Result<Option<()>, serde_json::Error> {
        let instance = &self.graph[node];
        let holder = instance.origin.as_ref().map_or(instance, |origin| &self.graph[origin.parent]);
        let inputs = self.stage(node).inputs.iter().map(|(input, _)| input);
        let mut inputs: Vec<(&str, Given)> = inputs
            .zip(&holder.inputs)
            .map(|(input, nodes)| (input.name, Given::Stages(input, nodes)))
            .collect();
        inputs.extend(holder.files.iter().map(|(name, files)| (name.as_str(), Given::Files(files))));
        inputs.sort_by_key(|(name, _)| *name);
        for (name, given) in inputs {
            let (input, nodes) = match given {
                Given::Stages(input, nodes) => (input, nodes),
                Given::Files(files) => {
                    taking.input(name);
                    for file in files {
                        take_in_file(file, taking)?;
                    }
                    continue;
                }
            };
            if input.arity == Arity::EachCheckpoint {
                if let (Some(origin), Some(item)) = (&instance.origin, &instance.item) {
                    // How the selection names a checkpoint is no part of what is made from it.
                    taking.input(origin.input);
                    taking.stored(&format!("{{\"trials\":{}}}", item.trials), &origin.weights, &[]);
                }
                continue;
            }
            taking.input(name);
            for upstream in nodes {
                let checkpoints = match &self.graph[*upstream].state {
                    State::Expanded(checkpoints) => checkpoints.as_slice(),
                    _ => std::slice::from_ref(upstream),
                };
                for each in checkpoints {
                    let item = self.item(node, *each, input)?;
                    let given = &self.graph[*each];
                    match (&given.simulated, given.settled()) {
                        (Some(digest), _) => taking.simulated(&item, digest, *each),
                        (None, Some(settled)) => taking.stored(&item, &settled.outputs, input.parts),
                        (None, None) => return Ok(None),
                    }
                }
            }
        }
        Ok(Some(()))
    }

    /// What tells an input from others of the same name, as canonical JSON: its checkpoint, or where on
    /// gathered axes it stands, and which kind it is of.
    fn item(&self, node: NodeIndex, upstream: NodeIndex, input: &Input) -> Result<String, serde_json::Error> {
        let Instance { item, place, .. } = &self.graph[upstream];
        if let Some(item) = item {
            return serde_json_canonicalizer::to_string(item);
        }
        if input.arity != Arity::Gathered {
            return Ok(String::new());
        }
        let mut position = Map::new();
        for axis in &self.stage(node).over {
            if let Some(at) = place.get(axis) {
                let axis = &self.experiment.axes[*axis];
                position.insert(axis.name.clone(), axis.values[*at].to_json());
            }
        }
        serde_json_canonicalizer::to_string(
            &json!({ "of": self.stage(upstream).kind.name(), "at": position }),
        )
    }
}

/// What stands under the name of an input.
enum Given<'p> {
    /// Stages.
    Stages(&'p Input, &'p Vec<NodeIndex>),
    /// Files outside of the store.
    Files(&'p Vec<JobInput>),
}

fn take_in_file(file: &JobInput, taking: &mut impl Taking) -> Result<(), serde_json::Error> {
    if let Source::File { path, digest } = &file.source {
        taking.file(&file.item_text()?, path, digest);
    }
    Ok(())
}

fn read<'o>(outputs: &'o Outputs, parts: &[&str]) -> impl Iterator<Item = (&'o str, &'o Digest)> {
    outputs.iter().filter(move |(name, _)| parts.is_empty() || parts.contains(name))
}

impl Taking for ActionText {
    fn input(&mut self, name: &str) {
        ActionText::input(self, name);
    }

    fn file(&mut self, item: &str, _path: &Path, digest: &Digest) {
        self.derived(item, digest);
    }

    fn stored(&mut self, item: &str, outputs: &Outputs, parts: &[&str]) {
        ActionText::stored(self, item, read(outputs, parts));
    }

    fn simulated(&mut self, item: &str, digest: &Digest, _by: NodeIndex) {
        self.derived(item, digest);
    }
}

/// The inputs of a job.
struct JobInputs<'p> {
    plan: &'p Plan,
    inputs: BTreeMap<String, Vec<JobInput>>,
    last: String,
}

impl JobInputs<'_> {
    fn add(&mut self, item: &str, source: Source) {
        let item = if item.is_empty() { Json::Null } else { serde_json::from_str(item).unwrap_or_default() };
        self.inputs.entry(self.last.clone()).or_default().push(JobInput { item, source });
    }
}

impl Taking for JobInputs<'_> {
    fn input(&mut self, name: &str) {
        self.last = name.to_owned();
        self.inputs.insert(name.to_owned(), Vec::new());
    }

    fn file(&mut self, item: &str, path: &Path, digest: &Digest) {
        self.add(item, Source::File { path: path.to_owned(), digest: *digest });
    }

    fn stored(&mut self, item: &str, outputs: &Outputs, parts: &[&str]) {
        let parts = read(outputs, parts).map(|(name, digest)| (name.to_owned(), *digest));
        self.add(item, Source::Stored(parts.collect()));
    }

    fn simulated(&mut self, item: &str, _digest: &Digest, by: NodeIndex) {
        // What is simulated has been planned, so its own inputs are known.
        if let Some(job) = self.plan.job(by) {
            self.add(item, Source::Recipe(Box::new(job)));
        }
    }
}
