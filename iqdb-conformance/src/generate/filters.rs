//! Filters to test with, over the keys of the [`corpus`].

use std::sync::LazyLock;

use fastrand::Rng;
use iqdb_core::filter::Comparison;
use iqdb_core::limits::{FILTER_DEPTH_MAX, FILTER_TERMS_MAX, ID_BYTES_MAX, PATH_STEPS_MAX};
use iqdb_core::{Filter, Map, Path, Value};

use super::corpus;

/// Every kind of predicate, with values of every kind, on keys and paths that some records have and on
/// some that no record has.
pub(crate) fn predicates() -> Vec<Filter> {
    let mut filters = vec![
        Filter::is_in("lang", ["en", "de"]),
        Filter::is_in("x", [Value::Null, 1.into(), "1".into(), 0.into()]),
        Filter::is_in("lang", Vec::<Value>::new()),
        Filter::contains("tags", "draft"),
        Filter::contains("x", 1),
        Filter::contains("x", Value::Null),
        Filter::contains("lang", "en"),
        Filter::starts_with("lang", "en"),
        Filter::starts_with("lang", ""),
        Filter::starts_with("year", ""),
        Filter::contains_text("lang", "n"),
        Filter::contains_text("lang", ""),
        Filter::contains_text("lang", "N"),
        Filter::contains_text("tags", "a"),
        Filter::contains_text("tags[]", "raf"),
        Filter::contains("in.list", 1),
        Filter::is_in("in.x", [Value::Null, 1.into(), corpus::date(0).into()]),
        Filter::is_in("x[]", [Value::Null, 1.into(), "1".into()]),
        Filter::starts_with("in.list[].a", "e"),
        Filter::id_in([7_u64, 8, u64::MAX]),
        Filter::id_in(["7", "8", "", "nobody"]),
        Filter::id_in((0..20).map(corpus::id)),
        Filter::id_in(Vec::<u64>::new()),
    ];
    for path in ["lang", "x", "x[]", "x.a", "in", "in.x", "in.list[].a", "in.list[]", "never"] {
        filters.push(Filter::exists(path));
        filters.push(Filter::is_null(path));
    }
    let values: [Value; 10] = [
        Value::Null,
        false.into(),
        1.into(),
        0.0.into(),
        9_007_199_254_740_993_i64.into(),
        "1".into(),
        "en".into(),
        2021.into(),
        corpus::date(0).into(),
        corpus::date(1).into(),
    ];
    for comparison in Comparison::ALL {
        for value in &values {
            filters.push(Filter::compare("x", comparison, value.clone()));
            filters.push(Filter::compare("in.x", comparison, value.clone()));
            filters.push(Filter::compare("x[]", comparison, value.clone()));
        }
        filters.push(Filter::compare("year", comparison, 2021));
        filters.push(Filter::compare("year", comparison, 2021.5));
        filters.push(Filter::compare("lang", comparison, "en"));
        filters.push(Filter::compare("in.list[].a", comparison, 1));
        filters.push(Filter::compare(Path::key("in.x"), comparison, 1));
        filters.push(Filter::compare("never", comparison, 1));
    }
    filters
}

/// Nested filters, with absent keys in every position.
pub(crate) fn nested() -> Vec<Filter> {
    let english = || Filter::eq("lang", "en");
    let recent = || Filter::ge("year", 2021);
    let never = || Filter::ne("never", 1);
    vec![
        english().not(),
        never().not(),
        english().and(recent()),
        english().or(recent()),
        english().or(never()),
        english().and(never().not()),
        english().not().and(recent().not()),
        english().or(recent()).not(),
        Filter::exists("in.x").not().or(Filter::ne("in.list[].a", 1)),
        Filter::ne("in.list[]", 1).not().and(Filter::exists("in")),
        Filter::exists("x").not().or(Filter::is_null("x")),
        english().and(recent()).or(Filter::contains("tags", "a").not()),
        Filter::id_in((0..9).map(corpus::id)).not().and(recent()),
    ]
}

/// A filter of at most four predicates.
pub(crate) fn random(rng: &mut Rng) -> Filter {
    // Each filter of a long history picks from the same ones.
    static PREDICATES: LazyLock<Vec<Filter>> = LazyLock::new(predicates);
    let pick = |rng: &mut Rng| {
        let filter = PREDICATES[rng.usize(..PREDICATES.len())].clone();
        if rng.u8(..4) == 0 { filter.not() } else { filter }
    };
    let mut filter = pick(rng);
    while rng.u8(..3) == 0 {
        let other = pick(rng);
        filter = if rng.bool() { filter.and(other) } else { filter.or(other) };
    }
    filter
}

/// The largest filters that the limits allow.
pub(crate) fn at_the_limits() -> [Filter; 2] {
    // The predicate itself is a term too.
    let wide = Filter::is_in("year", 2021..2020 + FILTER_TERMS_MAX as i64);
    let deep = (1..FILTER_DEPTH_MAX).fold(Filter::exists("x"), |filter, n| {
        let other = Filter::exists("year");
        if n % 2 == 0 { filter.and(other) } else { filter.or(other) }
    });
    [wide, deep]
}

/// Filters that exceed a limit.
pub(crate) fn too_large() -> [Filter; 2] {
    let wide = Filter::is_in("x", 0..=(FILTER_TERMS_MAX as i64));
    let deep = (0..FILTER_DEPTH_MAX)
        .fold(Filter::exists("x"), |filter, _| filter.and(Filter::exists("y")).not());
    [wide, deep]
}

/// Filters that every query is refused for.
pub(crate) fn invalid() -> Vec<Filter> {
    let mut filters = vec![
        Filter::eq("", 1),
        Filter::eq("x", f64::NAN),
        Filter::eq("x", Vec::<Value>::new()),
        Filter::contains("x", Map::new()),
        Filter::is_in("x", [Map::new()]),
        Filter::eq("x y", 1),
        Filter::exists("x."),
        Filter::exists((1..=PATH_STEPS_MAX).fold(Path::key("x"), |path, _| path.then("x"))),
        Filter::id_in(["y".repeat(ID_BYTES_MAX + 1)]),
    ];
    filters.extend(too_large());
    filters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_are_met_exactly() {
        for filter in at_the_limits() {
            assert!(filter.check().is_ok());
            let one_more = filter.or(Filter::exists("a")).and(Filter::exists("b"));
            assert!(one_more.check().is_err());
        }
    }

    #[test]
    fn what_is_called_invalid_is() {
        assert!(invalid().iter().all(|filter| filter.check().is_err()));
        let mut valid = predicates();
        valid.extend(nested());
        assert!(valid.iter().all(|filter| filter.check().is_ok()));
    }
}
