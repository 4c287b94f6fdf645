//! Which combinations of axis values there are.
//!
//! Without more ado, all of them. Axes that are *zipped* move together: their first values belong
//! together, their second values, and so on. Combinations can be *excluded*. A stage that varies over some of
//! the axes has one instance for each combination of their values that is left.

use std::collections::{BTreeMap, BTreeSet};

use super::source::Span;

/// A place in the sweep: axis and position of its value.
pub type Place = BTreeMap<usize, usize>;

/// More combinations of axes that depend on one another than this are taken for a mistake.
pub const MOST_COMBINATIONS: usize = 2_000_000;

/// Axes that move together, or combinations that are left out.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// These axes, as many values each, move together.
    Zip(Vec<usize>),
    /// No combination has one of these values on each of these axes.
    Exclude(BTreeMap<usize, BTreeSet<usize>>),
}

/// A [`Rule`] and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed {
    /// What it says.
    pub rule: Rule,
    /// Where.
    pub span: Span,
}

/// The combinations of axis values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sweep {
    groups: Vec<Group>,
    rules: Vec<Placed>,
}

/// Axes that no rule ties to axes of another group.
#[derive(Clone, Debug, PartialEq)]
enum Group {
    /// An axis that no rule is about.
    Free { axis: usize, size: usize },
    /// The combinations of axes that rules are about: positions, in the order of `axes`.
    Tied { axes: Vec<usize>, combinations: Vec<Vec<usize>> },
}

/// Why rules make no sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SweepError {
    /// The rule with this index leaves nothing out that was there.
    Idle(usize),
    /// Nothing is left; this rule took the last.
    Empty(usize),
    /// Too many combinations of the axes of this rule.
    TooMany(usize),
}

impl Rule {
    /// The axes that it is about.
    pub fn axes(&self) -> Vec<usize> {
        match self {
            Self::Zip(axes) => axes.clone(),
            Self::Exclude(values) => values.keys().copied().collect(),
        }
    }
}

impl Sweep {
    /// The sweep of axes with `sizes` values under these rules.
    ///
    /// # Errors
    /// If a rule has no effect, or leaves nothing.
    pub fn new(sizes: &[usize], rules: Vec<Placed>) -> Result<Self, SweepError> {
        let mut groups = Vec::new();
        let mut seen = BTreeSet::new();
        for (axis, size) in sizes.iter().enumerate() {
            if !seen.insert(axis) {
                continue;
            }
            let tied = tied_to(axis, &rules);
            seen.extend(tied.iter().copied());
            groups.push(match tied.len() {
                1 if !rules.iter().any(|placed| placed.rule.axes().contains(&axis)) => {
                    Group::Free { axis, size: *size }
                }
                _ => {
                    let axes: Vec<usize> = tied.into_iter().collect();
                    let combinations = combinations(&axes, sizes, &rules)?;
                    Group::Tied { axes, combinations }
                }
            });
        }
        Ok(Self { groups, rules })
    }

    /// The rules.
    pub fn rules(&self) -> &[Placed] {
        &self.rules
    }

    /// How many places there are on `axes`, or `None` for far too many.
    pub fn count(&self, axes: &[usize]) -> Option<usize> {
        let fixed = Place::new();
        self.groups.iter().try_fold(1usize, |count, group| {
            let here = match group {
                Group::Free { axis, size } if axes.contains(axis) => *size,
                Group::Free { .. } => 1,
                Group::Tied { .. } => group.agreeing(&fixed, axes).len(),
            };
            count.checked_mul(here)
        })
    }

    /// All places on `axes`, the last axis moving fastest.
    pub fn places(&self, axes: &[usize]) -> Vec<Place> {
        self.agreeing(&Place::new(), axes)
    }

    /// The places on `axes` of all combinations that agree with `fixed`, the last axis moving fastest.
    pub fn agreeing(&self, fixed: &Place, axes: &[usize]) -> Vec<Place> {
        if axes.iter().all(|axis| fixed.contains_key(axis)) {
            return vec![axes.iter().filter_map(|axis| Some((*axis, *fixed.get(axis)?))).collect()];
        }
        let mut places = vec![Place::new()];
        for group in self.groups.iter().filter(|group| group.has_any(axes)) {
            let parts = group.agreeing(fixed, axes);
            places = places
                .into_iter()
                .flat_map(|place| {
                    parts.iter().map(move |part| {
                        let mut place = place.clone();
                        place.extend(part.iter().copied());
                        place
                    })
                })
                .collect();
        }
        places.sort_unstable();
        places
    }

    /// The first combination of all axes.
    pub fn first(&self) -> Place {
        let mut place = Place::new();
        for group in &self.groups {
            match group {
                Group::Free { axis, .. } => {
                    place.insert(*axis, 0);
                }
                Group::Tied { axes, combinations } => {
                    let first = combinations.first().into_iter().flatten();
                    place.extend(axes.iter().copied().zip(first.copied()));
                }
            }
        }
        place
    }
}

impl Group {
    fn has_any(&self, axes: &[usize]) -> bool {
        match self {
            Self::Free { axis, .. } => axes.contains(axis),
            Self::Tied { axes: tied, .. } => tied.iter().any(|axis| axes.contains(axis)),
        }
    }

    fn agreeing(&self, fixed: &Place, axes: &[usize]) -> BTreeSet<Vec<(usize, usize)>> {
        match self {
            Self::Free { axis, size } => match (axes.contains(axis), fixed.get(axis)) {
                (false, _) => BTreeSet::from([Vec::new()]),
                (true, Some(position)) => BTreeSet::from([vec![(*axis, *position)]]),
                (true, None) => (0..*size).map(|position| vec![(*axis, position)]).collect(),
            },
            Self::Tied { axes: tied, combinations } => {
                let agrees = |combination: &&Vec<usize>| {
                    let mut pairs = tied.iter().zip(combination.iter());
                    pairs.all(|(axis, position)| fixed.get(axis).is_none_or(|fixed| fixed == position))
                };
                let part = |combination: &Vec<usize>| {
                    let pairs = tied.iter().copied().zip(combination.iter().copied());
                    pairs.filter(|(axis, _)| axes.contains(axis)).collect()
                };
                combinations.iter().filter(agrees).map(part).collect()
            }
        }
    }
}

/// All axes that rules tie to this one, itself included.
fn tied_to(axis: usize, rules: &[Placed]) -> BTreeSet<usize> {
    let mut tied = BTreeSet::from([axis]);
    loop {
        let before = tied.len();
        for axes in rules.iter().map(|placed| placed.rule.axes()) {
            if axes.iter().any(|axis| tied.contains(axis)) {
                tied.extend(axes);
            }
        }
        if tied.len() == before {
            return tied;
        }
    }
}

/// The combinations of tied axes that the rules leave, ascending.
fn combinations(axes: &[usize], sizes: &[usize], rules: &[Placed]) -> Result<Vec<Vec<usize>>, SweepError> {
    let about = |placed: &&(usize, &Placed)| placed.1.rule.axes().iter().any(|axis| axes.contains(axis));
    let numbered: Vec<(usize, &Placed)> = rules.iter().enumerate().collect();
    let numbered: Vec<(usize, &Placed)> = numbered.iter().filter(about).copied().collect();
    let zips: Vec<Vec<usize>> = numbered
        .iter()
        .filter_map(|(_, placed)| match &placed.rule {
            Rule::Zip(zipped) => Some(zipped.clone()),
            Rule::Exclude(_) => None,
        })
        .collect();
    // Of zipped axes the first leads, and the others follow.
    let leader = |axis: usize| zips.iter().find(|zip| zip.contains(&axis)).map_or(axis, |zip| zip[0]);
    let leaders: Vec<usize> = axes.iter().copied().filter(|axis| leader(*axis) == *axis).collect();
    let count = leaders.iter().try_fold(1usize, |count, axis| count.checked_mul(sizes[*axis]));
    if count.is_none_or(|count| count > MOST_COMBINATIONS) {
        return Err(SweepError::TooMany(numbered.first().map_or(0, |(index, _)| *index)));
    }
    let mut all: Vec<Place> = vec![Place::new()];
    for axis in leaders {
        let extended = all.into_iter().flat_map(|place| {
            (0..sizes[axis]).map(move |position| {
                let mut place = place.clone();
                place.insert(axis, position);
                place
            })
        });
        all = extended.collect();
    }
    let mut all: Vec<Vec<usize>> =
        all.iter().map(|place| axes.iter().map(|axis| place[&leader(*axis)]).collect()).collect();
    for (index, placed) in numbered {
        let Rule::Exclude(excluded) = &placed.rule else { continue };
        let before = all.len();
        all.retain(|combination| {
            let mut pairs = axes.iter().zip(combination);
            !pairs.all(|(axis, position)| excluded.get(axis).is_none_or(|values| values.contains(position)))
        });
        if all.len() == before {
            return Err(SweepError::Idle(index));
        }
        if all.is_empty() {
            return Err(SweepError::Empty(index));
        }
    }
    all.sort_unstable();
    Ok(all)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn placed(rule: Rule) -> Placed {
        Placed { rule, span: Span::default() }
    }

    fn zip(axes: &[usize]) -> Placed {
        placed(Rule::Zip(axes.to_vec()))
    }

    fn exclude(values: &[(usize, usize)]) -> Placed {
        placed(Rule::Exclude(
            values.iter().map(|(axis, position)| (*axis, BTreeSet::from([*position]))).collect(),
        ))
    }

    fn place(pairs: &[(usize, usize)]) -> Place {
        pairs.iter().copied().collect()
    }

    #[test]
    fn without_rules_there_is_every_combination_and_the_last_axis_moves_fastest() {
        let sweep = Sweep::new(&[2, 3], Vec::new()).unwrap();
        let expected: Vec<Place> = (0..6).map(|number| place(&[(0, number / 3), (1, number % 3)])).collect();
        assert_eq!(sweep.places(&[0, 1]), expected);
        assert_eq!(sweep.places(&[1]).len(), 3);
        assert_eq!(sweep.places(&[]), [Place::new()]);
    }

    #[test]
    fn zipped_axes_move_together_and_each_alone_keeps_all_its_values() {
        let sweep = Sweep::new(&[2, 3, 2], vec![zip(&[0, 2])]).unwrap();
        assert_eq!(sweep.places(&[0, 2]), [place(&[(0, 0), (2, 0)]), place(&[(0, 1), (2, 1)])]);
        assert_eq!(sweep.places(&[0]).len(), 2);
        assert_eq!(sweep.count(&[0, 1, 2]), Some(6));
        assert_eq!(sweep.agreeing(&place(&[(0, 1)]), &[2]), [place(&[(2, 1)])]);
    }

    #[test]
    fn a_value_whose_every_combination_is_excluded_is_gone_and_any_other_stays() {
        let one = Sweep::new(&[2, 2], vec![exclude(&[(0, 1), (1, 1)])]).unwrap();
        assert_eq!(one.count(&[0, 1]), Some(3));
        assert_eq!(one.count(&[0]), Some(2));
        let both = vec![exclude(&[(0, 1), (1, 1)]), exclude(&[(0, 1), (1, 0)])];
        assert_eq!(Sweep::new(&[2, 2], both).unwrap().places(&[0]), [place(&[(0, 0)])]);
    }

    #[test]
    fn rules_without_effect_or_with_too_much_are_refused() {
        let idle = vec![zip(&[0, 1]), exclude(&[(0, 1), (1, 0)])];
        assert_eq!(Sweep::new(&[2, 2], idle), Err(SweepError::Idle(1)));
        assert_eq!(Sweep::new(&[1], vec![exclude(&[(0, 0)])]), Err(SweepError::Empty(0)));
        assert_eq!(Sweep::new(&[2000, 2000], vec![exclude(&[(0, 0), (1, 0)])]), Err(SweepError::TooMany(0)));
    }

    proptest! {
        /// The definition, taken at its word: places are projections of the combinations that are left.
        #[test]
        fn places_are_projections_of_combinations(
            sizes in prop::collection::vec(1usize..4, 4),
            excluded in prop::collection::vec(((0usize..3, 0usize..4), (3usize..4, 0usize..4)), 0..3),
            zipped in any::<bool>(),
            kept in prop::collection::vec(any::<bool>(), 4),
            fixed in prop::option::of((0usize..4, 0usize..4)),
        ) {
            let mut sizes = sizes;
            sizes[1] = if zipped { sizes[0] } else { sizes[1] };
            let mut rules: Vec<Placed> = excluded.iter().map(|(one, other)| exclude(&[*one, *other])).collect();
            if zipped {
                rules.push(zip(&[0, 1]));
            }
            let Ok(sweep) = Sweep::new(&sizes, rules) else { return Ok(()) };
            let axes: Vec<usize> = (0..4).filter(|axis| kept[*axis]).collect();
            let fixed: Place = fixed.filter(|(axis, at)| *at < sizes[*axis]).into_iter().collect();
            let mut expected = BTreeSet::new();
            for number in 0..sizes.iter().product::<usize>() {
                let mut rest = number;
                let all: Vec<usize> = sizes.iter().map(|size| { let at = rest % size; rest /= size; at }).collect();
                let left = (!zipped || all[0] == all[1])
                    && !excluded.iter().any(|(one, other)| all[one.0] == one.1 && all[other.0] == other.1)
                    && fixed.iter().all(|(axis, at)| all[*axis] == *at);
                if left {
                    expected.insert(axes.iter().map(|axis| (*axis, all[*axis])).collect::<Place>());
                }
            }
            prop_assume!(!expected.is_empty());
            prop_assert_eq!(sweep.agreeing(&fixed, &axes), expected.into_iter().collect::<Vec<_>>());
        }
    }
}
