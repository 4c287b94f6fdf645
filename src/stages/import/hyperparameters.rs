//! The hyperparameters of the reference implementation: `hp.json`.
//!
//! Those that decide how a network computes are read; what only training needs is known and passed
//! over; what cannot be simulated, or is not known, is refused. `alpha` is `dt / tau`, whatever stands there.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::experiment::hint;
use crate::network::Activation;
use crate::tasks::{Coding, Loss, rule_set, rule_sets};
use crate::training::Dynamics;

use super::super::kind::Complaint;
use super::folder::FOLDER;

/// Read.
const READ: [&str; 19] = [
    "in_type",
    "in_loc_type",
    "rnn_type",
    "use_separate_input",
    "loss_type",
    "activation",
    "tau",
    "dt",
    "sigma_rec",
    "sigma_x",
    "n_eachring",
    "num_ring",
    "n_rule",
    "rule_start",
    "n_input",
    "n_output",
    "n_rnn",
    "ruleset",
    "seed",
];
/// Of training only, derived from others, or names.
const PASSED_OVER: [&str; 23] = [
    "alpha",
    "batch_size_train",
    "batch_size_test",
    "optimizer",
    "w_rec_init",
    "l1_h",
    "l2_h",
    "l1_weight",
    "l2_weight",
    "l2_weight_init",
    "p_weight_train",
    "target_perf",
    "mature_target_perf",
    "mid_target_perf",
    "early_target_perf",
    "save_name",
    "learning_rate",
    "c_intsyn",
    "ksi_intsyn",
    "mix_rule",
    "rule_trains",
    "rules",
    "rule_probs",
];
/// As large as a network that is trained here can be.
const MOST_UNITS: u64 = 16384;
const MOST_RING_UNITS: u64 = 4096;
const LONGEST_TAU_MS: u64 = 100_000;
const LARGEST_SEED: u64 = 1 << 53;

/// What hyperparameters say of how a network computes.
#[derive(Debug, PartialEq)]
pub struct Hyperparameters {
    /// How it computes.
    pub dynamics: Dynamics,
    /// The names of the tasks that it was trained on, with their rule units.
    pub rules: Vec<(String, usize)>,
    /// The seed of its training.
    pub seed: u64,
}

impl Hyperparameters {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// All that is wrong with it, or cannot be simulated.
    pub fn read(text: &[u8]) -> Result<Self, Vec<Complaint>> {
        let values = serde_json::from_slice(text)
            .map_err(|error| vec![Complaint::new(FOLDER, format!("this is no table in JSON: {error}"))])?;
        let mut reader = Reader { values, complaints: Vec::new() };
        reader.unknown_names();
        match reader.hyperparameters() {
            Some(read) if reader.complaints.is_empty() => Ok(read),
            _ => Err(reader.complaints),
        }
    }
}

struct Reader {
    values: Map<String, Json>,
    complaints: Vec<Complaint>,
}

impl Reader {
    /// `None` where something is wrong, which has been said.
    fn hyperparameters(&mut self) -> Option<Hyperparameters> {
        self.must_be("in_type", &["normal"], &[]);
        self.must_be("rnn_type", &["LeakyRNN"], &["LeakyGRU", "GRU", "LSTM"]);
        if self.value::<bool>("use_separate_input", "true or false") == Some(true) {
            self.say("`use_separate_input` is true; such networks cannot be simulated yet".to_owned(), None);
        }
        let loss = self.choice::<Loss>("loss_type", &["lsq", "cross_entropy"], &[]);
        let activation = self.choice::<Activation>(
            "activation",
            &["softplus", "relu", "tanh", "power", "retanh"],
            &["relu+"],
        );
        let coding = match self.values.get("in_loc_type") {
            None | Some(Json::Null) => Some(Coding::default()),
            Some(_) => self.choice::<Coding>("in_loc_type", &["gaussian", "one_hot"], &[]),
        };
        let tau_ms = self.whole("tau", 1, LONGEST_TAU_MS);
        let dt_ms = self.whole("dt", 1, tau_ms.unwrap_or(LONGEST_TAU_MS));
        let (sigma_rec, sigma_x) = (self.strength("sigma_rec"), self.strength("sigma_x"));
        let units = self.whole("n_rnn", 1, MOST_UNITS);
        let ring_units = self.whole("n_eachring", 1, MOST_RING_UNITS);
        let rings = self.whole("num_ring", 1, 3);
        if rings.is_some_and(|rings| rings != 1) {
            self.say("`num_ring` is not 1; colours cannot be simulated yet".to_owned(), None);
        }
        let seed = self.whole("seed", 0, LARGEST_SEED);
        let (rules, n_rule) = self.rules()?;
        let dynamics = Dynamics {
            units: units? as usize,
            activation: activation?,
            loss: loss?,
            dt_ms: u32::try_from(dt_ms?).ok()?,
            tau_ms: u32::try_from(tau_ms?).ok()?,
            sigma_rec: sigma_rec?,
            sigma_x: sigma_x?,
            ring_units: ring_units? as usize,
            rings: rings? as usize,
            coding: coding?,
            rules: n_rule,
        };
        let encoding = dynamics.encoding(0);
        for (name, derived) in [
            ("n_rule", n_rule),
            ("rule_start", encoding.ring.rule_start()),
            ("n_input", encoding.n_input()),
            ("n_output", encoding.n_output()),
        ] {
            let written = self.whole(name, 0, u64::from(u32::MAX));
            if written.is_some_and(|written| written != derived as u64) {
                let written = written.unwrap_or_default();
                self.say(format!("`{name}` is {written}, but the others make it {derived}"), None);
            }
        }
        Some(Hyperparameters { dynamics, rules, seed: seed? })
    }

    /// The tasks that the network was trained on with their rule units, and the number of all rule units.
    fn rules(&mut self) -> Option<(Vec<(String, usize)>, usize)> {
        let name: String = self.value("ruleset", "text")?;
        let trained: Option<Vec<String>> = ["rules", "rule_trains"]
            .into_iter()
            .find(|name| self.values.contains_key(*name))
            .and_then(|name| self.value(name, "a list of tasks"));
        let set: Vec<String> = match rule_set(&name) {
            Some(set) => set.into_iter().map(str::to_owned).collect(),
            // As the folders of models that were trained here have it.
            None if trained.as_ref().is_some_and(|trained| trained.join("+") == name) => {
                trained.clone().unwrap_or_default()
            }
            None => {
                let help = hint(&name, "known", rule_sets());
                self.say(format!("`ruleset` is \"{name}\", which is not known"), Some(help));
                return None;
            }
        };
        let trained = trained.unwrap_or_else(|| set.clone());
        let mut rules: Vec<(String, usize)> = Vec::new();
        for task in trained {
            match set.iter().position(|other| *other == task) {
                Some(unit) if rules.iter().all(|(_, other)| *other != unit) => rules.push((task, unit)),
                Some(_) => self.say(format!("`rules` names `{task}` twice"), None),
                None => self.say(
                    format!("`rules` names `{task}`, which is none of the rule set"),
                    Some(format!("\"{name}\" is {}", set.join(", "))),
                ),
            }
        }
        if rules.is_empty() {
            self.say("`rules` names no task".to_owned(), None);
        }
        Some((rules, set.len()))
    }

    fn say(&mut self, message: String, help: Option<String>) {
        self.complaints.push(Complaint { help, ..Complaint::new(FOLDER, message) });
    }

    fn unknown_names(&mut self) {
        let known = || READ.into_iter().chain(PASSED_OVER);
        let unknown: Vec<String> =
            self.values.keys().filter(|name| known().all(|known| known != **name)).cloned().collect();
        for name in unknown {
            let help = hint(&name, "known", known());
            self.say(format!("the hyperparameter `{name}` is not known"), Some(help));
        }
    }

    fn value<T: DeserializeOwned>(&mut self, name: &str, expected: &str) -> Option<T> {
        let Some(value) = self.values.get(name) else {
            self.say(format!("`{name}` is missing"), None);
            return None;
        };
        let read = serde_json::from_value(value.clone()).ok();
        if read.is_none() {
            self.say(format!("`{name}` is {value}, not {expected}"), None);
        }
        read
    }

    /// One of the texts that are known, as a value.
    fn choice<T: DeserializeOwned>(&mut self, name: &str, known: &[&str], later: &[&str]) -> Option<T> {
        let text = self.must_be(name, known, later)?;
        serde_json::from_value(text.into()).ok()
    }

    /// One of the texts that are known. Those of `later` are known not to work yet.
    fn must_be(&mut self, name: &str, known: &[&str], later: &[&str]) -> Option<String> {
        let text: String = self.value(name, "text")?;
        if known.contains(&text.as_str()) {
            return Some(text);
        }
        if later.contains(&text.as_str()) {
            self.say(format!("`{name}` is \"{text}\"; such networks cannot be simulated yet"), None);
        } else {
            let help = hint(&text, "known", known.iter().copied());
            self.say(format!("`{name}` is \"{text}\", which is not known"), Some(help));
        }
        None
    }

    /// A whole number of this range; `20.0` is one too.
    fn whole(&mut self, name: &str, least: u64, most: u64) -> Option<u64> {
        let number: f64 = self.value(name, "a number")?;
        if number.fract() == 0.0 && number >= least as f64 && number <= most as f64 {
            return Some(number as u64);
        }
        self.say(format!("`{name}` is {number}; it must be a whole number from {least} to {most}"), None);
        None
    }

    fn strength(&mut self, name: &str) -> Option<f64> {
        let number: f64 = self.value(name, "a number")?;
        if number >= 0.0 {
            return Some(number);
        }
        self.say(format!("`{name}` is {number}; it must not be negative"), None);
        None
    }
}
