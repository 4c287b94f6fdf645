//! The nearest name, for "did you mean".

/// The candidate most like `name`, if one is like it at all.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |candidate: &str| strsim::normalized_damerau_levenshtein(name, candidate);
    candidates
        .into_iter()
        .map(|candidate| (likeness(candidate), candidate))
        .filter(|(score, _)| *score >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// What to say of a name that is none of the candidates: the nearest of them, or all. `what` they are
/// introduces the list.
pub fn hint<'a>(name: &str, what: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    match nearest(name, candidates.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if candidates.is_empty() => format!("{what}: none"),
        None => format!("{what}: {}", candidates.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{hint, nearest};

    #[test]
    fn where_nothing_is_near_all_are_listed() {
        assert_eq!(hint("unts", "known", ["units", "activation"]), "did you mean `units`?");
        assert_eq!(hint("zzz", "known", ["units", "activation"]), "known: units, activation");
        assert_eq!(hint("zzz", "known", []), "known: none");
    }

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        assert_eq!(nearest("unts", ["units", "activation"]), Some("units"));
        assert_eq!(nearest("zzz", ["units", "activation"]), None);
    }
}
