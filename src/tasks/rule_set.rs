//! The rule sets of the reference implementation: the tasks of a network, in the order of its rule units.

/// Every rule set with the names of its tasks.
const RULE_SETS: [(&str, &str); 27] = [
    ("all_new", "overlap zero_gap gap odr odrd gap500"),
    ("all_new_odr", "overlap zero_gap gap odr odrd gap500"),
    ("all_new_odr500", "overlap zero_gap gap odr500 odrd gap500"),
    ("all_new_odr1000", "overlap zero_gap gap odr1000 odrd gap500"),
    ("all_new_odr2000", "overlap zero_gap gap odr2000 odrd gap500"),
    ("all_new_odr2500", "overlap zero_gap gap odr2500 odrd gap500"),
    ("all_new_odr3000", "overlap zero_gap gap odr3000 odrd gap500"),
    ("all_new_odr6000", "overlap zero_gap gap odr6000 odrd gap500"),
    ("all_new_odr15000", "overlap zero_gap gap odr15000 odrd gap500"),
    ("ozg", "overlap zero_gap gap"),
    ("odr_delay_check", "odr500 odr1000 odr odr2000 odr2500"),
    ("seq_train_test", "odr500 odrd overlap zero_gap gap"),
    ("odr_mix_delay_time", "odr_mix overlap zero_gap gap odrd gap500"),
    ("odr_mix_delay_time_uniform", "odr_mix_uniform odr_mix_uniform_05_25 odr_mix_uniform_01_29"),
    (
        "odr_mix_delay_time_uniform_05_25_05step",
        "odr_mix_uniform_05_25_05step overlap zero_gap gap odrd gap500",
    ),
    (
        "odr_mix_delay_time_uniform_06_24_06step",
        "odr_mix_uniform_06_24_06step overlap zero_gap gap odrd gap500",
    ),
    (
        "odr_mix_delay_time_uniform_01_29_07step",
        "odr_mix_uniform_01_29_07step overlap zero_gap gap odrd gap500",
    ),
    (
        "odr_mix_delay_time_uniform_05_25_01step",
        "odr_mix_uniform_05_25_01step overlap zero_gap gap odrd gap500",
    ),
    (
        "odr_mix_delay_time_uniform_00_30_01step",
        "odr_mix_uniform_00_30_01step overlap zero_gap gap odrd gap500",
    ),
    ("mix_MoN_6tasks", "match_or_non match_or_non_easy overlap zero_gap gap odr odrd gap500"),
    (
        "mix_p_MoN_6tasks",
        "match_or_non match_or_non_easy match_or_non_passive overlap zero_gap gap odr odrd gap500",
    ),
    ("MNM_color", "MNM_color"),
    ("MNM_strength", "MNM_strength"),
    ("MNM_color_6tasks", "MNM_color overlap zero_gap gap odr odrd gap500"),
    ("MNM_color_6tasks_1240", "MNM_color_1240 overlap zero_gap gap odr odrd gap500"),
    ("Capacity_6tasks", "Capacity_color overlap zero_gap gap odr odrd gap500"),
    (
        "MNM_sequential",
        "MNM_sequential_phase1_m MNM_sequential_phase1_nm MNM_sequential_phase2 MNM_sequential_phase3 \
         MNM_sequential_phase4",
    ),
];

/// The names of the tasks of a rule set, in the order of their rule units.
pub fn rule_set(name: &str) -> Option<Vec<&'static str>> {
    let (_, tasks) = RULE_SETS.iter().find(|(known, _)| *known == name)?;
    Some(tasks.split(' ').collect())
}

/// The names of all rule sets.
pub fn rule_sets() -> impl Iterator<Item = &'static str> {
    RULE_SETS.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::tasks::Task;

    #[test]
    fn names_differ_and_no_set_has_a_task_twice() {
        assert_eq!(rule_sets().collect::<BTreeSet<_>>().len(), RULE_SETS.len());
        for set in rule_sets() {
            let tasks = rule_set(set).unwrap();
            assert_eq!(tasks.iter().collect::<BTreeSet<_>>().len(), tasks.len(), "{set}");
            assert!(tasks.iter().all(|task| !task.is_empty()), "{set}");
        }
        assert_eq!(rule_set("all_newest"), None);
    }

    #[test]
    fn the_six_tasks_of_the_paper_are_known_with_every_delay() {
        for set in rule_sets().filter(|set| set.starts_with("all_new")) {
            let tasks = rule_set(set).unwrap();
            let memory = set.strip_prefix("all_new_").unwrap_or("odr");
            assert_eq!(tasks, ["overlap", "zero_gap", "gap", memory, "odrd", "gap500"]);
            assert!(tasks.iter().all(|task| Task::named(task).is_some()), "{set}");
        }
    }
}
