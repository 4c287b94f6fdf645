//! The plan: every instance with what is known of it. Keys are derived from the top down with
//! records alone; no artifact is opened.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;
use serde_json::{Map, Value as Json, json};

use crate::experiment::{Experiment, Problem, Problems, hint};
use crate::stages::{Arity, Gives, Input, Job, JobInput, Source};
use crate::store::{Digest, Key, KnownFiles, Record, Store};

use super::build::{Graph, build};
use super::expand;
use super::instance::{Instance, Item, Settled, State};
use super::reason::{Reason, changes};
use super::stages::{StageNode, StageTable};

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The experiment is wrong.
    #[error(transparent)]
    Experiment(#[from] Problems),
    /// A key could not be computed.
    #[error("cannot compute a key: {0}")]
    Key(#[from] serde_json::Error),
}

/// An experiment's instances and what is known of them.
pub struct Plan {
    /// What was written.
    pub experiment: Experiment,
    /// Its stages.
    pub table: StageTable,
    /// Its instances.
    pub graph: Graph,
    /// Who gives an object.
    pub(super) producers: HashMap<Digest, NodeIndex>,
    /// Whether all stages of the experiment are planned, and not only some.
    whole: bool,
    /// The keys that the instances of this experiment had when it last ran, by address.
    last: BTreeMap<String, Key>,
}

impl Plan {
    /// Plans an experiment, or one of its stages and what that one needs.
    ///
    /// # Errors
    /// All that is wrong with the experiment.
    pub fn new(
        experiment: Experiment,
        only: &[String],
        last: BTreeMap<String, Key>,
        store: &Store,
    ) -> Result<Self, PlanError> {
        let mut problems = experiment.problems.clone();
        let table = StageTable::new(&experiment, &mut problems);
        let wanted = wanted(&table, only, &mut problems);
        let files = KnownFiles::open(store.root());
        let graph = build(&experiment, &table, &wanted, &files, &mut problems);
        files.save();
        if !problems.is_empty() {
            return Err(Problems::new(problems, &experiment.sources).into());
        }
        let mut plan =
            Self { experiment, table, graph, producers: HashMap::new(), whole: only.is_empty(), last };
        // Stages were added inputs first, and so were their instances.
        let order: Vec<NodeIndex> = plan.graph.node_indices().collect();
        for node in order {
            plan.derive(node, store)?;
        }
        Ok(plan)
    }

    /// The stage of an instance.
    pub fn stage(&self, node: NodeIndex) -> &StageNode {
        &self.table.stages[self.graph[node].stage]
    }

    /// Whether all stages of the experiment are planned, and not only some.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// All instances, inputs first.
    pub fn instances(&self) -> impl Iterator<Item = (NodeIndex, &Instance)> {
        self.graph.node_indices().map(|node| (node, &self.graph[node]))
    }

    /// What an instance takes in, and what takes it in.
    pub(super) fn neighbours(&self, node: NodeIndex, direction: Direction) -> Vec<NodeIndex> {
        let mut nodes: Vec<NodeIndex> = self
            .graph
            .edges_directed(node, direction)
            .map(|edge| if direction == Direction::Incoming { edge.source() } else { edge.target() })
            .collect();
        nodes.sort_unstable();
        nodes
    }

    /// The job of an instance, or `None` while something upstream is not known.
    pub(super) fn job(&self, node: NodeIndex) -> Option<Job> {
        let instance = &self.graph[node];
        if let Some(recipe) = &instance.recipe {
            return Some((**recipe).clone());
        }
        let kind = self.stage(node).kind;
        Some(Job {
            kind: kind.name().to_owned(),
            version: kind.version(),
            params: instance.resolved.clone(),
            inputs: self.gather(node)?,
        })
    }

    /// Works out the state of an instance from its inputs and the records. Gives the instances that
    /// must run because of it: itself, or its checkpoints.
    pub(super) fn derive(&mut self, node: NodeIndex, store: &Store) -> Result<Vec<NodeIndex>, PlanError> {
        if !matches!(self.graph[node].state, State::Waiting) {
            return Ok(Vec::new());
        }
        let Some(job) = self.job(node) else { return Ok(Vec::new()) };
        match self.each_checkpoint(node) {
            Some(input) => self.expand(node, &job, input, store),
            None => self.decide(node, job, store),
        }
    }

    /// An instance whose job is known: is its result?
    fn decide(&mut self, node: NodeIndex, job: Job, store: &Store) -> Result<Vec<NodeIndex>, PlanError> {
        if self.stage(node).kind.gives() == Gives::Activity {
            self.graph[node].recipe = Some(Box::new(job.clone()));
            if !self.graph[node].keep {
                self.graph[node].state = State::Simulated;
                return Ok(Vec::new());
            }
        }
        let key = job.key()?;
        if let Some(record) = store.lookup(&key) {
            self.know(node, key, record, false);
            return Ok(Vec::new());
        }
        let reason = self.why(node, &job, store)?;
        self.graph[node].state = State::Pending { job: Box::new(job), key, reason, before: None };
        Ok(vec![node])
    }

    fn why(&self, node: NodeIndex, job: &Job, store: &Store) -> Result<Reason, PlanError> {
        let before = self.last.get(&self.graph[node].address).and_then(|key| store.lookup(key));
        let Some(before) = before else { return Ok(Reason::New) };
        let differences = changes(&before.action, &job.action()?);
        Ok(if differences.is_empty() { Reason::New } else { Reason::Changed(differences) })
    }

    pub(super) fn know(&mut self, node: NodeIndex, key: Key, record: Record, ran: bool) {
        let settled = Settled::new(key, record, ran);
        for digest in settled.outputs.values() {
            self.producers.insert(*digest, node);
        }
        self.graph[node].state = State::Known(settled);
    }

    fn each_checkpoint(&self, node: NodeIndex) -> Option<Input> {
        if self.graph[node].item.is_some() {
            return None;
        }
        let inputs = &self.stage(node).inputs;
        inputs.iter().map(|(input, _)| *input).find(|input| input.arity == Arity::EachCheckpoint)
    }

    /// What an instance takes in, or `None` while something upstream is not known.
    fn gather(&self, node: NodeIndex) -> Option<BTreeMap<String, Vec<JobInput>>> {
        let mut gathered = self.graph[node].files.clone();
        let inputs = self.stage(node).inputs.iter().map(|(input, _)| input);
        for (input, nodes) in inputs.zip(&self.graph[node].inputs) {
            let mut several = Vec::new();
            for upstream in nodes {
                let instance = &self.graph[*upstream];
                if let State::Expanded(checkpoints) = &instance.state {
                    for checkpoint in checkpoints {
                        several.push(self.checkpoint_input(*checkpoint)?);
                    }
                    continue;
                }
                several.push(JobInput {
                    item: self.position(node, *upstream, input),
                    source: Source::Stored(parts(instance.settled()?, input)),
                });
            }
            if input.arity != Arity::EachCheckpoint {
                gathered.insert(input.name.to_owned(), several);
            }
        }
        Some(gathered)
    }

    /// Where on gathered axes an input stands, and which kind it is of.
    fn position(&self, node: NodeIndex, upstream: NodeIndex, input: &Input) -> Json {
        if input.arity != Arity::Gathered {
            return Json::Null;
        }
        let mut position = Map::new();
        for axis in &self.stage(node).over {
            if let Some(at) = self.graph[upstream].place.get(axis) {
                let axis = &self.experiment.axes[*axis];
                position.insert(axis.name.clone(), axis.values[*at].to_json());
            }
        }
        json!({ "of": self.stage(upstream).kind.name(), "at": position })
    }

    fn checkpoint_input(&self, checkpoint: NodeIndex) -> Option<JobInput> {
        let instance = &self.graph[checkpoint];
        let source = match &instance.recipe {
            Some(recipe) => Source::Recipe(recipe.clone()),
            None => Source::Stored(instance.settled()?.outputs.clone()),
        };
        Some(JobInput { item: serde_json::to_value(instance.item.as_ref()?).ok()?, source })
    }

    fn expand(
        &mut self,
        node: NodeIndex,
        template: &Job,
        input: Input,
        store: &Store,
    ) -> Result<Vec<NodeIndex>, PlanError> {
        let position = self.stage(node).inputs.iter().position(|(other, _)| other.name == input.name);
        let selection = position.and_then(|at| self.graph[node].inputs[at].first().copied());
        let known = |node: Option<NodeIndex>| node.and_then(|node| self.graph[node].settled());
        let items = known(selection).and_then(|settled| expand::items(&settled.facts));
        let model = self.graph[node].model;
        let collection = known(model).and_then(|settled| expand::collection(&settled.facts));
        let (Some(items), Some(collection), Some(model)) = (items, collection, model) else {
            return Ok(Vec::new());
        };
        let mut jobs = Vec::new();
        for item in items {
            match expand::weights(store, &collection, item.trials) {
                Some(weights) => {
                    let job = expand::job(template, input.name, &item, weights);
                    jobs.push((item, job));
                }
                None => {
                    // The model is known, but a checkpoint of it is not: it is trained again, which costs
                    // only the part that is lost.
                    return Ok(self
                        .revive(model, format!("checkpoint {}", item.trials))
                        .into_iter()
                        .collect());
                }
            }
        }
        let mut checkpoints = Vec::new();
        let mut pending = Vec::new();
        for (item, job) in jobs {
            let child = self.child(node, item);
            pending.extend(self.decide(child, job, store)?);
            checkpoints.push(child);
        }
        self.graph[node].state = State::Expanded(checkpoints);
        Ok(pending)
    }

    fn child(&mut self, parent: NodeIndex, item: Item) -> NodeIndex {
        let parent = &self.graph[parent];
        let place = parent
            .address
            .strip_suffix(']')
            .map_or(format!("{}[", parent.address), |open| format!("{open},"));
        let child = Instance {
            stage: parent.stage,
            address: format!("{place}checkpoint={}]", item.trials),
            place: parent.place.clone(),
            item: Some(item),
            params: Json::Null,
            resolved: Json::Null,
            offer: parent.offer.clone(),
            model: parent.model,
            recipe: None,
            keep: parent.keep,
            inputs: Vec::new(),
            files: BTreeMap::new(),
            state: State::Waiting,
        };
        self.graph.add_node(child)
    }

    /// The instances that must run, inputs first.
    pub fn pending(&self) -> Vec<NodeIndex> {
        self.instances()
            .filter(|(_, instance)| matches!(instance.state, State::Pending { .. }))
            .map(|(node, _)| node)
            .collect()
    }

    /// The upstream instance that an instance waits for.
    pub fn waits_for(&self, node: NodeIndex) -> Option<&Instance> {
        let mut at = node;
        loop {
            let upstream = self.neighbours(at, Direction::Incoming);
            let open = upstream.into_iter().find(|up| {
                matches!(self.graph[*up].state, State::Waiting | State::Pending { .. } | State::Failed)
            });
            match open {
                Some(up) if matches!(self.graph[up].state, State::Waiting) => at = up,
                Some(up) => return Some(&self.graph[up]),
                None => return None,
            }
        }
    }

    /// The keys of all known instances, by address.
    pub fn keys(&self) -> BTreeMap<String, Key> {
        self.instances()
            .filter_map(|(_, instance)| Some((instance.address.clone(), instance.settled()?.key)))
            .collect()
    }
}

fn parts(settled: &Settled, input: &Input) -> BTreeMap<String, Digest> {
    let read = |name: &String| input.parts.is_empty() || input.parts.contains(&name.as_str());
    settled
        .outputs
        .iter()
        .filter(|(name, _)| read(name))
        .map(|(name, digest)| (name.clone(), *digest))
        .collect()
}

/// The stages that `--only` asks for, and what they need; all where it asks for none.
fn wanted(table: &StageTable, only: &[String], problems: &mut Vec<Problem>) -> BTreeSet<usize> {
    if only.is_empty() {
        return (0..table.stages.len()).collect();
    }
    let mut wanted = BTreeSet::new();
    for name in only {
        match table.stages.iter().position(|stage| &stage.name == name) {
            Some(stage) => wanted.extend(table.closure(stage)),
            None => {
                let help = hint(name, "stages", table.stages.iter().map(|stage| stage.name.as_str()));
                problems.push(Problem::general(format!("there is no stage `{name}` for --only")).help(help));
            }
        }
    }
    wanted
}
