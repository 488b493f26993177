//! Tests of the defects that no case catches yet. Each waits for the cases that its list names; where
//! one of them catches it, the defect moves to a list of those that are caught.
//!
//! What the other cases say of them takes minutes: it is in the matrix, with
//! `IQDB_CONFORMANCE_DEFECTS=not_yet`.

use iqdb_conformance::Case;

use crate::defect::Defect;
use crate::harness::harness;

/// Where a case that is there already catches the defect, it isn't one of these any more.
#[test]
fn no_case_that_it_waits_for_catches_it() {
    let mut caught = Vec::new();
    for (cause, defect) in Defect::NOT_YET_CAUGHT {
        let cases = defect.caught_by().iter().filter_map(|name| Case::named(name));
        for case in cases.filter(|case| case.check(&harness(Some(*defect))).is_err()) {
            let name = case.full_name;
            caught
                .push(format!("{name} catches {defect:?} (cause {cause}): move it, without `of`"));
        }
    }
    assert!(caught.is_empty(), "{caught:#?}");
}
