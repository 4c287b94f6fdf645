//! Why an instance is as it is: what differs from the last time it ran, and which change upstream leads here.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use petgraph::Direction;
use petgraph::graph::NodeIndex;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::store::{Digest, Key, Record, Store};

use super::instance::{Instance, State};
use super::planner::Plan;
use super::reason::{Difference, Reason, changes};

/// Why an instance is as it is.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The instance.
    pub stage: String,
    /// How far it is.
    pub state: Standing,
    /// Why it has to run, where it is that which is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The time before, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Last>,
    /// What it reads itself and differs from then.
    pub differences: Vec<Difference>,
    /// What it takes in and is not what it was then.
    pub upstream: Vec<Explanation>,
    /// Whether it follows from something upstream that is shown elsewhere.
    #[serde(skip)]
    follows: bool,
}

/// How far an instance is, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Its result is known.
    Known,
    /// It must run.
    WillRun,
    /// It runs unless what is upstream gives what it gave before.
    MayRun,
    /// It is simulated when something needs it.
    OnDemand,
}

/// When an instance last ran.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Last {
    /// When it began, in milliseconds since 1970.
    pub started_ms: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

impl Explanation {
    /// The instances at which a chain of changes begins, each once.
    pub fn roots(&self) -> Vec<&Explanation> {
        let mut roots: Vec<&Explanation> = self.is_root().then_some(self).into_iter().collect();
        for found in self.upstream.iter().flat_map(Self::roots) {
            if !roots.iter().any(|root| root.stage == found.stage) {
                roots.push(found);
            }
        }
        roots
    }

    fn is_root(&self) -> bool {
        let own = self.differences.iter().any(|one| matches!(one, Difference::Field { .. }));
        let new = matches!(self.reason, Some(Reason::New | Reason::Lost(_)));
        let begins = self.upstream.is_empty() && !self.follows;
        own || (begins && (new || !self.differences.is_empty()))
    }

    /// Whether nothing about it is news.
    fn is_old(&self) -> bool {
        self.state == Standing::Known
            && self.differences.is_empty()
            && self.upstream.is_empty()
            && !self.follows
    }
}

impl Plan {
    /// Explains an instance. `simulated` holds the actions that instances which are simulated on demand had
    /// when the experiment last ran, by address ([`Plan::simulated`]).
    pub fn explain(&self, node: NodeIndex, simulated: &BTreeMap<String, Json>, store: &Store) -> Explanation {
        let producers = OnceCell::new();
        Explainer {
            plan: self,
            simulated,
            store,
            producers: &producers,
            seen: BTreeSet::new(),
            news: BTreeSet::new(),
        }
        .explain(node, None)
    }

    /// The actions of instances that run once for each checkpoint, without their checkpoints, by address.
    pub fn simulated(&self) -> BTreeMap<String, Json> {
        let expanded = self.instances().filter(|(_, instance)| matches!(instance.state, State::Expanded(_)));
        expanded.map(|(_, instance)| (instance.address.clone(), self.own_action(instance))).collect()
    }

    /// What an instance reads itself.
    fn own_action(&self, instance: &Instance) -> Json {
        let kind = self.table.stages[instance.stage].kind;
        json!({ "kind": kind.name(), "version": kind.version(), "params": instance.params() })
    }
}

struct Explainer<'a> {
    plan: &'a Plan,
    simulated: &'a BTreeMap<String, Json>,
    store: &'a Store,
    /// Who gave an object, as far back as there are records.
    producers: &'a OnceCell<HashMap<Digest, (Key, Record)>>,
    seen: BTreeSet<NodeIndex>,
    /// Of what was seen, what is not as it was.
    news: BTreeSet<NodeIndex>,
}

/// What is taken in and is not what it was.
#[derive(Default)]
struct Upstream {
    explanations: Vec<Explanation>,
    /// Whether some of it has been explained before.
    shown: bool,
}

impl Explainer<'_> {
    /// `before` is the record of what was taken in, where it is not that of the last run.
    fn explain(&mut self, node: NodeIndex, before: Option<(Key, Record)>) -> Explanation {
        self.seen.insert(node);
        let instance = &self.plan.graph[node];
        let before = before.or_else(|| {
            let key = self.plan.last.get(&instance.address)?;
            Some((*key, self.store.lookup(key)?))
        });
        let (state, reason) = match &instance.state {
            State::Known(_) => (Standing::Known, None),
            State::Pending { reason, .. } => (Standing::WillRun, Some(reason.clone())),
            State::Expanded(_) | State::Simulated => (Standing::OnDemand, None),
            State::Waiting | State::Failed => {
                let never = before.is_none() && !self.simulated.contains_key(&instance.address);
                (Standing::MayRun, never.then_some(Reason::New))
            }
        };
        let mut explanation = Explanation {
            stage: instance.address.clone(),
            state,
            reason,
            last: before
                .as_ref()
                .map(|(_, record)| Last { started_ms: record.started_ms, duration_ms: record.duration_ms }),
            differences: Vec::new(),
            upstream: Vec::new(),
            follows: false,
        };
        let same =
            before.as_ref().is_some_and(|(key, _)| instance.settled().is_some_and(|now| now.key == *key));
        if same {
            // It may be lost all the same.
            if !explanation.is_old() {
                self.news.insert(node);
            }
            return explanation;
        }
        let own = self.plan.own_action(instance);
        let upstream = match (&before, self.simulated.get(&instance.address)) {
            (Some((_, record)), _) => {
                explanation.differences = changes(&without_inputs(&record.action), &own);
                self.inputs(node, &record.action, &mut explanation.differences)
            }
            (None, action) => {
                let differences = action.map(|action| changes(&without_inputs(action), &own));
                explanation.differences = differences.unwrap_or_default();
                self.all_upstream(node)
            }
        };
        (explanation.upstream, explanation.follows) = (upstream.explanations, upstream.shown);
        if !explanation.is_old() {
            self.news.insert(node);
        }
        explanation
    }

    /// What is taken in and is not what it was, by the name of the input.
    fn inputs(&mut self, node: NodeIndex, before: &Json, differences: &mut Vec<Difference>) -> Upstream {
        let now = self.plan.job(node).and_then(|job| job.action().ok());
        let inputs = self.plan.stage(node).inputs.iter().map(|(input, _)| input.name);
        let nodes = self.plan.graph[node].inputs.clone();
        let mut changed = Upstream::default();
        for (name, nodes) in inputs.zip(nodes) {
            let old = &before["inputs"][name];
            let new = now.as_ref().map(|action| &action["inputs"][name]);
            if new.is_some_and(|new| new == old) {
                continue;
            }
            let single = nodes.len() == 1;
            let mut found = Upstream::default();
            for upstream in nodes {
                let producer = if single { self.producer(old) } else { None };
                self.follow(upstream, producer, &mut found);
            }
            if new.is_some() && found.explanations.is_empty() && !found.shown {
                differences.push(Difference::Input { input: name.to_owned() });
            }
            changed.explanations.extend(found.explanations);
            changed.shown |= found.shown;
        }
        changed
    }

    /// Everything upstream that is not what it was. The nearest comes first, so that what is reached on
    /// several ways is shown where its way is longest.
    fn all_upstream(&mut self, node: NodeIndex) -> Upstream {
        let mut changed = Upstream::default();
        for upstream in self.plan.neighbours(node, Direction::Incoming).into_iter().rev() {
            self.follow(upstream, None, &mut changed);
        }
        changed
    }

    /// Explains something upstream, once, and keeps it if it is not what it was.
    fn follow(&mut self, node: NodeIndex, before: Option<(Key, Record)>, changed: &mut Upstream) {
        if self.seen.contains(&node) {
            changed.shown |= self.news.contains(&node);
            return;
        }
        let explanation = self.explain(node, before);
        if !explanation.is_old() {
            changed.explanations.push(explanation);
        }
    }

    /// The record of what gave the first object of an input.
    fn producer(&self, input: &Json) -> Option<(Key, Record)> {
        let content = &input[0];
        let parts = content.get("content").unwrap_or(content).as_object()?;
        let digest: Digest = parts.values().next()?.as_str()?.parse().ok()?;
        let producers = self.producers.get_or_init(|| {
            let records = self.store.records_by_key();
            let outputs = records.into_iter().flat_map(|(key, record)| {
                let digests: Vec<Digest> = record.outputs.values().map(|output| output.digest).collect();
                digests.into_iter().map(move |digest| (digest, (key, record.clone())))
            });
            outputs.collect()
        });
        producers.get(&digest).cloned()
    }
}

fn without_inputs(action: &Json) -> Json {
    json!({ "kind": action["kind"], "version": action["version"], "params": action["params"] })
}
