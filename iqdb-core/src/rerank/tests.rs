//! The text of expressions, what they give for a payload, and fused hits.

use super::*;
use crate::{DateTime, Fusion, IdRef, Path, Value};

fn read(text: &str) -> Expression {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn score(text: &str, payload: &Payload) -> f64 {
    read(text).score(2.0, &PayloadRef::from(payload)).unwrap()
}

#[test]
fn an_expression_prints_as_what_it_is_read_from() {
    for (text, printed) in [
        ("score", "score"),
        (" - 2*score+1 ", "-2.0 * score + 1.0"),
        ("1e-3 * a.b[].c - `score`.x - 0", "0.001 * a.b[].c - `score`.x - 0.0"),
        ("score-views + score", "score-views + score"),
        ("gauss - exp", "gauss - exp"),
        ("gauss (year,2024,5)", "gauss(year, 2024.0, 5.0)"),
        ("2 * linear(x, -1.5, 1e300, .25)", ""),
        ("2 * linear(x, -1.5, 1e300, 0.25)", "2.0 * linear(x, -1.5, 1e300, 0.25)"),
        ("exp(t, date('2026-11-30'), 2d)", "exp(t, date(\"2026-11-30T00:00:00Z\"), 172800.0)"),
        (
            "exp(`score`, date(\"2026-11-30\"), 90)",
            "exp(`score`, date(\"2026-11-30T00:00:00Z\"), 90.0)",
        ),
    ] {
        if printed.is_empty() {
            assert!(text.parse::<Expression>().is_err());
            continue;
        }
        let expression = read(text);
        assert_eq!(expression.to_string(), printed);
        assert_eq!(read(printed), expression);
    }
}

#[test]
fn what_cannot_be_read_says_where_and_why() {
    let long = "1+".repeat(40_000);
    for (text, column, expected) in [
        ("", Some(1), "a number, `score`, a path, or `gauss(`, `exp(` or `linear(`"),
        ("score +", Some(8), "a number, `score`, a path, or `gauss(`, `exp(` or `linear(`"),
        ("score score", Some(7), "`+`, `-` or the end"),
        ("2 * 3", Some(5), "a number, `score`, a path, or `gauss(`, `exp(` or `linear(`"),
        ("1e999", Some(1), "a finite number such as 0.5 or 1e-3"),
        ("ä", Some(1), "a number, `score`, a path, or `gauss(`, `exp(` or `linear(`"),
        ("gauss(year)", Some(11), "`,` and the origin"),
        ("gauss(year, x, 1)", Some(13), "a number or a date such as date(\"2025-01-31\")"),
        ("gauss(year, 1, 0)", None, "above 0"),
        ("gauss(year, 1, 1, 1)", None, "between 0 and 1"),
        ("gauss(year, 1, 2d)", Some(17), "`)`"),
        (
            "gauss(t, date(\"now\"), 2d)",
            Some(15),
            "a date such as 2025-01-31, or 2025-01-31T10:00:00Z",
        ),
        ("gauss(t, date(\"2025-01-31\"), 2y)", Some(31), "a unit: s, m, h, d or w"),
        ("a..b", Some(3), "a key: a word, or text in backticks"),
        ("not", Some(1), "a number, `score`, a path, or `gauss(`, `exp(` or `linear(`"),
        (&*long, None, "at most 65536 bytes"),
        (
            &*"1+".repeat(65),
            Some(131),
            "a number, `score`, a path, or `gauss(`, `exp(` or `linear(`",
        ),
        (&*format!("{}1", "1+".repeat(64)), None, "1 to 64"),
    ] {
        let error = text.parse::<Expression>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidQuery, "{text}: {error}");
        assert_eq!(error.expectation(), Some(expected), "{text}: {error}");
        let at = column.map(|column| format!("column {column}"));
        assert!(at.is_none_or(|at| error.to_string().contains(&at)), "{text}: {error}");
    }
}

#[test]
fn decays_are_one_at_the_origin_and_fall_by_their_curves() {
    let at = |x: f64| Payload::new().with("x", x);
    for (text, x, expected) in [
        ("gauss(x, 10, 5)", 10.0, 1.0),
        ("gauss(x, 10, 5)", 15.0, 0.5),
        ("gauss(x, 10, 5)", 0.0, 0.062_5),
        ("exp(x, 10, 5)", 5.0, 0.5),
        ("exp(x, 10, 5)", 20.0, 0.25),
        ("linear(x, 10, 5)", 12.5, 0.75),
        ("linear(x, 10, 5, 0.25)", 5.0, 0.25),
        ("linear(x, 10, 5)", 21.0, 0.0),
        ("exp(x, 10, 5)", 1e308, 0.0),
        ("gauss(x, 10, 1e-300)", 1e308, 0.0),
        ("linear(x, 10, 1e-300)", 1e308, 0.0),
    ] {
        let found = score(text, &at(x));
        assert!(f64::abs(found - expected) < 1e-15, "{text} of {x}: {found}");
    }
    let day = |text: &str| Payload::new().with("x", text.parse::<DateTime>().unwrap());
    let week = "exp(x, date(\"2026-11-30\"), 1w)";
    assert!((score(week, &day("2026-11-16")) - 0.25).abs() < 1e-15);
    assert!((score(week, &day("2026-12-07")) - 0.5).abs() < 1e-15);
}

#[test]
fn a_value_that_is_not_there_counts_nothing_and_of_many_the_best_counts() {
    let payload = Payload::new()
        .with("n", 7)
        .with("t", "2001-09-09T01:46:40.5Z".parse::<DateTime>().unwrap())
        .with("many", vec![Value::Null, 3.into(), "x".into(), 5.0.into(), f64::NAN.into()])
        .with("text", "7");
    for (text, expected) in [
        ("score + 0.5 * n", 5.5),
        ("t", 1_000_000_000.5),
        ("many", 5.0),
        ("-many", -5.0),
        ("many[]", 5.0),
        ("linear(many, 2, 2)", 0.75),
        ("3 + text", 3.0),
        ("3 + absent", 3.0),
        ("3 + n.inner", 3.0),
        ("3 + linear(t, 5, 1)", 3.0),
        ("3 + linear(n, date('2026-11-30'), 1)", 3.0),
    ] {
        assert_eq!(score(text, &payload).to_bits(), f64::to_bits(expected), "{text}");
    }
    let huge = Payload::new().with("x", f64::MAX);
    assert_eq!(score("2 * x - 2 * x", &huge), f64::NEG_INFINITY);
}

#[test]
fn what_gives_no_score_is_refused() {
    let refused = |expression: &Expression| expression.check().unwrap_err().kind();
    let of = |weight, quantity| Expression::new().plus(weight, quantity);
    let decay =
        |origin: f64, scale, at| Quantity::Decay(Decay::gauss("x", origin, scale).at_scale(at));
    assert_eq!(refused(&Expression::new()), ErrorKind::InvalidQuery);
    for (weight, quantity) in [
        (f64::NAN, Quantity::One),
        (f64::INFINITY, Quantity::Score),
        (1.0, decay(f64::NAN, 1.0, 0.5)),
        (1.0, decay(0.0, 0.0, 0.5)),
        (1.0, decay(0.0, -1.0, 0.5)),
        (1.0, decay(0.0, f64::INFINITY, 0.5)),
        (1.0, decay(0.0, 1.0, 0.0)),
        (1.0, decay(0.0, 1.0, 1.0)),
        (1.0, decay(0.0, 1.0, f64::NAN)),
    ] {
        assert_eq!(refused(&of(weight, quantity)), ErrorKind::InvalidQuery);
    }
    let nowhere = of(1.0, Quantity::Value(Path::from("a..b")));
    assert_eq!(refused(&nowhere), ErrorKind::InvalidFilter);
    let by = Rerank { depth: 0, by: &read("score") };
    assert_eq!(by.check().unwrap_err().kind(), ErrorKind::InvalidQuery);
}

#[test]
fn fused_hits_are_ranked_by_their_payloads() {
    let mut hits = Hits::new();
    (1..=4).for_each(|id| hits.push(IdRef::Number(id), id as f64, None));
    let mut fused = Fusion::default().fuse(&[hits], 9).unwrap();
    for (hit, n) in fused.iter_mut().zip([1, 3, 3, 9]) {
        hit.payload = Some(Payload::new().with("n", n));
    }
    let by = read("score + n");
    let found = Rerank { depth: 3, by: &by }.fused(fused.clone(), 2).unwrap();
    assert_eq!(found.iter().map(|hit| hit.id.clone()).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(found[0].score, 1.0 / 62.0 + 3.0);
    assert_eq!(found[0].parts, fused[1].parts);
}
