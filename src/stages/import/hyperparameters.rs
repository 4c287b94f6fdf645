//! The hyperparameters of the reference implementation: `hp.json`.
//!
//! Those that decide how a network computes are read; what only training needs is known and passed
//! over; what cannot be simulated, or is not known, is refused. `alpha` is `dt / tau`, whatever stands there.

use crate::experiment::hint;
use crate::network::Activation;
use crate::tasks::{Coding, Loss, rule_set, rule_sets};
use crate::training::Dynamics;

use super::super::train::LARGEST_SEED;
use super::values::Values;

/// Hyperparameters that are known. Those that nothing below reads are of training only, derived from
/// others, or names.
const KNOWN: [&str; 42] = [
    "activation",
    "alpha",
    "batch_size_test",
    "batch_size_train",
    "c_intsyn",
    "dt",
    "early_target_perf",
    "in_loc_type",
    "in_type",
    "ksi_intsyn",
    "l1_h",
    "l1_weight",
    "l2_h",
    "l2_weight",
    "l2_weight_init",
    "learning_rate",
    "loss_type",
    "mature_target_perf",
    "mid_target_perf",
    "mix_rule",
    "n_eachring",
    "n_input",
    "n_output",
    "n_rnn",
    "n_rule",
    "num_ring",
    "optimizer",
    "p_weight_train",
    "rnn_type",
    "rule_probs",
    "rule_start",
    "rule_trains",
    "rules",
    "ruleset",
    "save_name",
    "seed",
    "sigma_rec",
    "sigma_x",
    "target_perf",
    "tau",
    "use_separate_input",
    "w_rec_init",
];
/// As large as a network that is trained here can be.
const MOST_UNITS: u64 = 16384;
const MOST_RING_UNITS: u64 = 4096;
const LONGEST_TAU_MS: u64 = 100_000;

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
    pub fn read(text: &[u8]) -> Result<Self, Vec<String>> {
        let values =
            serde_json::from_slice(text).map_err(|error| vec![format!("it is no table in JSON: {error}")])?;
        let mut values = Values::new(values);
        values.check_names(&KNOWN);
        let read = Self::from_values(&mut values);
        values.finish(read)
    }

    /// `None` where something is wrong, which has been said.
    fn from_values(values: &mut Values) -> Option<Self> {
        let (rules, n_rule) = rules(values).unzip();
        let seed = values.whole("seed", 0, LARGEST_SEED);
        let dynamics = dynamics(values, n_rule)?;
        let encoding = dynamics.encoding(0);
        for (name, derived) in [
            ("n_rule", dynamics.rules),
            ("rule_start", encoding.ring.rule_start()),
            ("n_input", encoding.n_input()),
            ("n_output", encoding.n_output()),
        ] {
            if let Some(written) = values.whole(name, 0, u64::from(u32::MAX))
                && written != derived as u64
            {
                values.say(format!("`{name}` is {written}, but the rest makes it {derived}"));
            }
        }
        Some(Self { dynamics, rules: rules?, seed: seed? })
    }
}

fn dynamics(values: &mut Values, n_rule: Option<usize>) -> Option<Dynamics> {
    values.choice::<String>("in_type", &["normal"], &[]);
    values.choice::<String>("rnn_type", &["LeakyRNN"], &["LeakyGRU", "GRU"]);
    if values.value("use_separate_input", "true or false") == Some(true) {
        values.say("`use_separate_input` is true, which cannot be simulated yet");
    }
    let loss = values.choice::<Loss>("loss_type", &["lsq", "cross_entropy"], &[]);
    let activations = ["softplus", "relu", "tanh", "power", "retanh"];
    let activation = values.choice::<Activation>("activation", &activations, &["relu+"]);
    let coding = match values.has("in_loc_type") {
        true => values.choice::<Coding>("in_loc_type", &["gaussian", "one_hot"], &[]),
        false => Some(Coding::default()),
    };
    let tau_ms = values.whole("tau", 1, LONGEST_TAU_MS);
    let dt_ms = values.whole("dt", 1, tau_ms.unwrap_or(LONGEST_TAU_MS));
    let (sigma_rec, sigma_x) = (values.strength("sigma_rec"), values.strength("sigma_x"));
    let units = values.whole("n_rnn", 1, MOST_UNITS);
    let ring_units = values.whole("n_eachring", 1, MOST_RING_UNITS);
    let rings = values.whole("num_ring", 1, 3);
    if rings.is_some_and(|rings| rings > 1) {
        values.say("`num_ring` is more than 1: colours cannot be simulated yet");
    }
    Some(Dynamics {
        units: units? as usize,
        activation: activation?,
        loss: loss?,
        dt_ms: dt_ms? as u32,
        tau_ms: tau_ms? as u32,
        sigma_rec: sigma_rec?,
        sigma_x: sigma_x?,
        ring_units: ring_units? as usize,
        rings: rings? as usize,
        coding: coding?,
        rules: n_rule?,
    })
}

/// The tasks that the network was trained on with their rule units, and the number of all rule units:
/// those of the rule set, of which only a part may have been trained.
fn rules(values: &mut Values) -> Option<(Vec<(String, usize)>, usize)> {
    let name: String = values.value("ruleset", "text")?;
    let trained = ["rules", "rule_trains"].into_iter().find(|name| values.has(name));
    let trained: Option<Vec<String>> = trained.and_then(|name| values.value(name, "a list of tasks"));
    let set: Vec<String> = match (rule_set(&name), &trained) {
        (Some(set), _) => set.into_iter().map(str::to_owned).collect(),
        // As the folders of models that were trained here have it.
        (None, Some(trained)) if trained.join("+") == name => trained.clone(),
        (None, _) => {
            let hint = hint(&name, "known", rule_sets());
            values.say(format!("`ruleset` is \"{name}\", which is not known ({hint})"));
            return None;
        }
    };
    let mut rules: Vec<(String, usize)> = Vec::new();
    for task in trained.unwrap_or_else(|| set.clone()) {
        match set.iter().position(|other| *other == task) {
            Some(unit) if rules.iter().all(|(_, other)| *other != unit) => rules.push((task, unit)),
            Some(_) => values.say(format!("`rules` names `{task}` twice")),
            None => {
                let set = set.join(", ");
                values.say(format!("`rules` names `{task}`, but the rule set \"{name}\" is {set}"));
            }
        }
    }
    if rules.is_empty() {
        values.say("`rules` names no task");
    }
    Some((rules, set.len()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn paper() -> Json {
        let hyperparameters = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/data/pretrained/6tasks_8loc_256neuron_odr3000_seed0/hp.json"
        ));
        serde_json::from_str(hyperparameters).unwrap()
    }

    fn read(change: fn(&mut Json)) -> Result<Hyperparameters, Vec<String>> {
        let mut values = paper();
        change(&mut values);
        Hyperparameters::read(values.to_string().as_bytes())
    }

    #[test]
    fn the_hyperparameters_of_the_paper_are_read() {
        let read = read(|_| {}).unwrap();
        assert_eq!((read.dynamics, read.seed), (Dynamics::PAPER, 0));
        let rules = ["overlap", "zero_gap", "gap", "odr3000", "odrd", "gap500"];
        let rules: Vec<_> = rules.iter().map(|rule| (*rule).to_owned()).zip(0..).collect();
        assert_eq!(read.rules, rules);
    }

    #[test]
    fn what_is_derived_or_of_training_only_changes_nothing() {
        let changed = read(|values| {
            values["alpha"] = json!("nonsense");
            values["learning_rate"] = json!(0.1);
            values["l2_h"] = json!(1e-6);
            values["dt"] = json!(20.0);
            values["in_loc_type"] = json!(null);
        });
        assert_eq!(changed, read(|_| {}));
    }

    #[test]
    fn a_part_of_a_rule_set_keeps_its_rule_units() {
        let part = read(|values| values["rules"] = json!(["odrd", "overlap"])).unwrap();
        assert_eq!(part.rules, [("odrd".to_owned(), 4), ("overlap".to_owned(), 0)]);
        assert_eq!(part.dynamics.rules, 6);
    }

    #[test]
    fn a_rule_set_of_ones_own_is_the_names_of_its_tasks() {
        let own = read(|values| {
            values["rules"] = json!(["odrd", "memory"]);
            values["ruleset"] = json!("odrd+memory");
            values["n_rule"] = json!(2);
            values["n_input"] = json!(11);
        });
        assert_eq!(own.unwrap().rules, [("odrd".to_owned(), 0), ("memory".to_owned(), 1)]);
        let said = read(|values| values["ruleset"] = json!("odrd+memory")).unwrap_err();
        assert!(said[0].starts_with("`ruleset` is \"odrd+memory\", which is not known"), "{said:?}");
    }

    #[test]
    fn names_are_known_once_and_unknown_ones_are_refused() {
        assert!(KNOWN.windows(2).all(|pair| pair[0] < pair[1]));
        let said = read(|values| values["sigma_recc"] = json!(0.05)).unwrap_err();
        assert_eq!(said, ["`sigma_recc` is not known (did you mean `sigma_rec`?)"]);
    }

    #[test]
    fn sizes_that_no_network_has_are_refused() {
        for huge in [json!(1e300), json!(u64::MAX), json!(-1), json!(0), json!(2.5), json!([256])] {
            let mut values = paper();
            values["n_rnn"] = huge.clone();
            assert!(Hyperparameters::read(values.to_string().as_bytes()).is_err(), "{huge}");
        }
    }
}
