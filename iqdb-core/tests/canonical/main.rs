//! The canonical distances are those of a transcript of the definition in another language, bit for
//! bit: `transcript.py`, which also proves how far each is from the exact one.
#![allow(clippy::unwrap_used)]

mod cases;
mod defects;

use std::collections::BTreeSet;

use iqdb_core::{Element, FieldKind, Metric};

#[test]
fn every_distance_has_the_bits_of_the_transcript() {
    for case in cases::all() {
        let (a, b) = (case.a.as_ref(), case.b.as_ref());
        for (a, b) in [(a, b), (b, a)] {
            let found = case.kind.distance(a, b);
            let found = found.map(|some| some.map(f64::to_bits)).map_err(|error| error.kind());
            assert_eq!(found, case.expected, "{case}");
        }
    }
}

#[test]
fn there_are_cases_of_every_metric_element_and_remainder() {
    let cases = cases::all();
    for metric in Metric::ALL {
        for element in Element::ALL {
            let dims: BTreeSet<usize> = cases
                .iter()
                .filter(|case| matches!(case.expected, Ok(Some(_))))
                .filter(|case| {
                    case.kind.metric() == Some(metric) && case.kind.element() == Some(element)
                })
                .filter_map(|case| case.kind.dim())
                .collect();
            let is_defined = FieldKind::Dense { dim: 1, metric, element }.check().is_ok();
            let expected = (1..=70).chain([128, 384, 1_000]).filter(|_| is_defined);
            assert_eq!(dims, expected.collect(), "{metric} of {element}");
        }
    }
    let sparse = || cases.iter().filter(|case| case.kind.dim().is_none());
    assert!(sparse().any(|case| case.expected == Ok(None)));
    assert!(sparse().any(|case| matches!(case.expected, Ok(Some(_)))));
    assert!(cases.iter().any(|case| case.expected.is_err()), "no zero vector is refused");
}
