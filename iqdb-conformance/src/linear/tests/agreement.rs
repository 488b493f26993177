//! The checkers agree with the oracle, on histories that are right and on those made wrong.

use std::collections::BTreeMap;

use fastrand::Rng;
use iqdb_core::Result;

use super::simulated::Fault;
use super::{every_order, simulated};
use crate::linear::operation::{History, Versions};
use crate::linear::{by_search, by_version};

const HISTORIES: usize = 10_000;

/// The number of histories, and of those that aren't linearizable.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    all: usize,
    wrong: usize,
    /// Not linearizable even if versions are ignored.
    wrong_without_versions: usize,
}

/// What all three say about a history: whether it is linearizable, with and without versions.
fn verdict(history: &History) -> (bool, bool) {
    let expected = every_order::explains(history, Versions::Compared);
    let in_order = by_version::check(history);
    let found = by_search::explains(history, Versions::Compared);
    assert_eq!((in_order.is_ok(), found), (expected, expected), "{in_order:?} of {history:#?}");
    if let Err(violation) = in_order {
        assert!(violation.describe(history).contains("thread"));
    }
    let without_versions = every_order::explains(history, Versions::Ignored);
    let found = by_search::explains(history, Versions::Ignored);
    assert_eq!(found, without_versions, "without versions, {history:#?}");
    assert!(without_versions || !expected, "versions made it right: {history:#?}");
    (expected, without_versions)
}

#[test]
fn the_checkers_agree_with_every_order_on_10_000_histories() -> Result<()> {
    let mut rng = Rng::with_seed(0x11_EA);
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for n in 0..HISTORIES {
        let fault = (n % 2 == 1).then(|| Fault::ALL[n / 2 % Fault::ALL.len()]);
        let history = simulated::history(&mut rng, 3, 7, fault)?;
        assert!((3..=7).contains(&history.operations.len()), "{history:#?}");
        let (is_right, is_right_without_versions) = verdict(&history);
        assert!(is_right || fault.is_some(), "a right history was found wrong: {history:#?}");
        let tally = tallies.entry(format!("{fault:?}")).or_default();
        tally.all += 1;
        tally.wrong += usize::from(!is_right);
        tally.wrong_without_versions += usize::from(!is_right_without_versions);
    }
    println!("{tallies:#?}");
    // Neither half may be empty, nor any kind of fault without effect.
    let wrong: usize = tallies.values().map(|tally| tally.wrong).sum();
    println!("{} linearizable, {wrong} not", HISTORIES - wrong);
    assert!((HISTORIES / 3..=HISTORIES / 2).contains(&wrong), "{tallies:#?}");
    for fault in Fault::ALL {
        let tally = tallies[&format!("{:?}", Some(fault))];
        assert!(tally.wrong * 3 >= tally.all, "{fault:?}: {tally:?}");
    }
    Ok(())
}

#[test]
fn the_checkers_agree_with_each_other_on_larger_histories() -> Result<()> {
    const LARGER: usize = 2_000;
    let mut rng = Rng::with_seed(0xB16);
    let mut wrong = 0;
    for n in 0..LARGER {
        let fault = (n % 2 == 1).then(|| Fault::ALL[n / 2 % Fault::ALL.len()]);
        let history = simulated::history(&mut rng, 5, 30, fault)?;
        let in_order = by_version::check(&history);
        let found = by_search::explains(&history, Versions::Compared);
        assert_eq!(in_order.is_ok(), found, "{in_order:?} of {history:#?}");
        wrong += usize::from(!found);
    }
    println!("{} linearizable, {wrong} not", LARGER - wrong);
    assert!((LARGER / 3..=LARGER / 2).contains(&wrong), "{wrong} of {LARGER} are wrong");
    Ok(())
}
