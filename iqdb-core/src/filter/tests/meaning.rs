//! What filters mean, statement by statement.

use crate::{DateTime, Filter, Map, Payload, Record, Value};

/// Whether the filter `text` is true of record 7 with this payload; its plain complement must be
/// false.
fn holds(text: &str, payload: &Payload) -> bool {
    let filter: Filter = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    let record = Record::without_vector(7).with_payload(payload.clone());
    let holds = filter.matches(&record).unwrap();
    assert_eq!(filter.not().matches(&record).unwrap(), !holds, "not {text}");
    holds
}

fn article() -> Payload {
    Payload::new()
        .with("lang", "en")
        .with("year", 2020)
        .with("score", 0.5)
        .with("draft", false)
        .with("author", Value::Null)
        .with("tags", ["a", "b"])
        .with("counts", [1, 2])
        .with("published", DateTime::from_micros(1_738_317_600_000_000).unwrap())
        .with("journal", Map::new().with("name", "Nature").with("a.b", 1).with("url", Value::Null))
        .with("mixed", vec![Value::Null, 1.into(), "a".into(), [2].into(), Map::new().into()])
        .with(
            "authors",
            [Map::new().with("name", "Ada").with("born", 1815), Map::new().with("name", "Grace")],
        )
}

#[test]
fn an_absent_key_makes_every_comparison_false() {
    for predicate in [
        "x = 1",
        "x != 1",
        "x < 1",
        "x <= 1",
        "x > 1",
        "x >= 1",
        "x = null",
        "x != null",
        "x in [1, null]",
        "x contains 1",
        "x starts_with \"\"",
        "x contains_text \"\"",
        "x.y = 1",
        "x[] != 1",
        "x exists",
        "x is null",
    ] {
        assert!(!holds(predicate, &article()), "{predicate}");
    }
}

#[test]
fn null_is_a_value_of_its_own() {
    for (text, expected) in [
        ("author exists", true),
        ("author is null", true),
        ("author = null", true),
        ("author in [1, null]", true),
        ("author != null", false),
        ("author = 0", false),
        ("author != 0", true),
        ("author < 1", false),
        ("lang is null", false),
        ("lang != null", true),
    ] {
        assert_eq!(holds(text, &article()), expected, "{text}");
    }
}

#[test]
fn numbers_compare_by_value_whatever_their_type() {
    for (text, expected) in [
        ("year = 2020.0", true),
        ("year > 2019.999", true),
        ("year <= 2020.0", true),
        ("score < 1", true),
        ("score = 0.5", true),
        ("year in [1.0, 2020.0]", true),
        ("counts contains 2.0", true),
        ("year = \"2020\"", false),
        ("year != \"2020\"", true),
        ("year < \"9999\"", false),
    ] {
        assert_eq!(holds(text, &article()), expected, "{text}");
    }
    let big = Payload::new().with("n", (1_i64 << 53) + 1);
    assert!(!holds("n = 9007199254740992.0", &big));
    assert!(holds("n = 9007199254740993", &big));
}

#[test]
fn lists_strings_and_booleans() {
    for (text, expected) in [
        ("tags contains \"a\"", true),
        ("tags contains \"c\"", false),
        ("tags = \"a\"", false),
        ("tags != \"a\"", true),
        ("lang contains \"e\"", false),
        ("lang starts_with \"e\"", true),
        ("lang starts_with \"\"", true),
        ("year starts_with \"2\"", false),
        ("lang in [\"de\", \"en\"]", true),
        ("lang in []", false),
        ("draft = false", true),
        ("draft < true", true),
        ("lang < \"f\" and lang >= \"en\"", true),
        ("@id in [7]", true),
        ("@id in [\"7\"]", false),
        ("@id in []", false),
    ] {
        assert_eq!(holds(text, &article()), expected, "{text}");
    }
}

#[test]
fn a_path_goes_through_maps_and_with_brackets_through_lists() {
    for (text, expected) in [
        ("journal exists", true),
        ("journal.name = \"Nature\"", true),
        ("journal.name exists", true),
        ("journal.editor exists", false),
        ("journal.editor != 1", false),
        ("not journal.editor = 1", true),
        ("journal.url is null", true),
        ("journal.`a.b` = 1", true),
        ("journal.a.b = 1", false),
        ("journal.name.first exists", false),
        ("lang.x exists", false),
        // Of several values one is enough, for `!=` as well.
        ("authors[].name = \"Grace\"", true),
        ("authors[].name != \"Grace\"", true),
        ("authors[].name in [\"Alan\", \"Ada\"]", true),
        ("authors[].name starts_with \"G\"", true),
        ("authors[].born > 1800", true),
        ("authors[].born != 1815", false),
        ("not authors[].born != 1815", true),
        ("authors.name exists", false),
        ("authors[] exists", true),
        ("authors[].name[] exists", false),
        ("tags[] = \"b\"", true),
        ("journal[] exists", false),
    ] {
        assert_eq!(holds(text, &article()), expected, "{text}");
    }
}

#[test]
fn dates_compare_with_dates_only() {
    for (text, expected) in [
        ("published = date(\"2025-01-31T10:00:00Z\")", true),
        ("published = date( \"2025-01-31T12:00:00+02:00\" )", true),
        ("published > DATE(\"2025-01-31\")", true),
        ("published < date(\"2025-01-31T10:00:00.000001Z\")", true),
        ("published in [1, date(\"2025-01-31T10:00:00Z\")]", true),
        ("published = 1738317600000000", false),
        ("published = \"2025-01-31T10:00:00Z\"", false),
        ("published != \"2025-01-31T10:00:00Z\"", true),
        ("published < \"a\" or published > 0", false),
        ("year < date(\"2025-01-31\")", false),
    ] {
        assert_eq!(holds(text, &article()), expected, "{text}");
    }
}

#[test]
fn elements_that_are_lists_or_maps_equal_nothing() {
    for (text, expected) in [
        ("mixed contains 1", true),
        ("mixed contains null", true),
        ("mixed contains \"a\"", true),
        ("mixed contains 2", false),
        ("mixed[] = 2", false),
        ("mixed[][] = 2", true),
        ("authors contains \"Ada\"", false),
        ("journal in [1]", false),
        ("journal != 1", true),
        ("journal = null or journal < 1 or journal is null", false),
        ("journal contains \"name\"", false),
    ] {
        assert_eq!(holds(text, &article()), expected, "{text}");
    }
}

#[test]
fn a_text_is_searched_by_its_bytes() {
    let payload = article().with("title", "Straße ABC");
    for (text, expected) in [
        ("title contains_text \"aße\"", true),
        ("title contains_text \"\"", true),
        ("title contains_text \"abc\"", false),
        ("title contains_text \"ABC\"", true),
        ("title contains \"ABC\"", false),
        ("tags contains_text \"a\"", false),
        ("tags[] contains_text \"a\"", true),
        ("year contains_text \"2\"", false),
    ] {
        assert_eq!(holds(text, &payload), expected, "{text}");
    }
}

#[test]
fn and_binds_tighter_than_or_and_not_tightest() {
    assert!(holds("year = 2020 or year = 1 and lang = \"de\"", &article()));
    assert!(!holds("(year = 2020 or year = 1) and lang = \"de\"", &article()));
    assert!(holds("not lang = \"de\" and year = 2020", &article()));
    assert!(!holds("not (lang = \"de\" or year = 2020)", &article()));
}
