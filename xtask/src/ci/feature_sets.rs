//! Which feature sets of a package are checked.
//!
//! It never looks at what a feature does: every set is as good as any other.

use std::collections::BTreeMap;

/// Above this many features the powerset is replaced by its edges: 32 sets are what a change to a
/// feature can wait for.
const POWERSET_FEATURES_MAX: usize = 5;

/// What to build a package with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FeatureSet {
    /// The features that a user gets without asking for any.
    Default,
    /// These and no default ones.
    Exactly(Vec<String>),
}

/// The sets to check: every subset of `features`, then the default set where there is one. Of too
/// many features, the empty set, each feature alone, all but each, and all.
pub(crate) fn of(features: &BTreeMap<String, Vec<String>>) -> Vec<FeatureSet> {
    let names: Vec<&String> = features.keys().filter(|name| *name != "default").collect();
    let pick = |wanted: &dyn Fn(usize) -> bool| {
        let picked = names.iter().enumerate().filter(|(i, _)| wanted(*i));
        FeatureSet::Exactly(picked.map(|(_, name)| (*name).clone()).collect())
    };
    let mut sets = Vec::new();
    if names.len() <= POWERSET_FEATURES_MAX {
        for subset in 0..1_u32 << names.len() {
            sets.push(pick(&|i| subset >> i & 1 == 1));
        }
    } else {
        sets.push(pick(&|_| false));
        sets.extend((0..names.len()).map(|alone| pick(&|i| i == alone)));
        sets.extend((0..names.len()).map(|left_out| pick(&|i| i != left_out)));
        sets.push(pick(&|_| true));
    }
    if features.contains_key("default") {
        sets.push(FeatureSet::Default);
    }
    sets
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn features(names: &[&str]) -> BTreeMap<String, Vec<String>> {
        names.iter().map(|name| ((*name).to_owned(), vec![])).collect()
    }

    fn exactly(names: &[&str]) -> FeatureSet {
        FeatureSet::Exactly(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn a_package_without_features_has_one_set() {
        assert_eq!(of(&features(&[])), [exactly(&[])]);
    }

    #[test]
    fn few_features_give_every_subset_and_the_default() {
        assert_eq!(
            of(&features(&["a", "b", "default"])),
            [
                exactly(&[]),
                exactly(&["a"]),
                exactly(&["b"]),
                exactly(&["a", "b"]),
                FeatureSet::Default
            ]
        );
    }

    #[test]
    fn many_features_are_bounded() {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let sets = of(&features(&names));
        assert_eq!(sets.len(), 1 + 8 + 8 + 1);
        assert!(sets.contains(&exactly(&["c"])) && sets.contains(&exactly(&names)));
        let distinct: HashSet<_> = sets.iter().map(|set| format!("{set:?}")).collect();
        assert_eq!(distinct.len(), sets.len());
    }
}
