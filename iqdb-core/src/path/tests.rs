//! Paths are read, printed and followed.

use proptest::prelude::*;

use super::*;
use crate::{Map, Value};

#[test]
fn paths_are_read_and_printed() {
    let authors = Path::key("authors");
    for (text, path) in [
        ("a", Path::key("a")),
        ("_a-9.b", Path::key("_a-9").then("b")),
        ("authors[].name", authors.clone().each().then("name")),
        ("authors[][]", authors.each().each()),
        ("`a.b`.`c d`[]", Path::key("a.b").then("c d").each()),
        ("`9a`.`\\`\\n`", Path::key("9a").then("`\n")),
    ] {
        assert_eq!(text.parse::<Path>().unwrap(), path);
        assert_eq!(path.to_string(), text);
        assert_eq!(Path::from(text), path);
    }
    assert_eq!(Path::from("in"), Path::key("in"));
    assert_eq!(Path::key("in").to_string(), "`in`");
    assert_eq!(Path::key("in").then("in").to_string(), "`in`.in");
    assert_eq!(Path::key("a").as_key(), Some("a"));
    assert_eq!(Path::key("a").each().as_key(), None);
}

#[test]
fn what_is_no_path_says_where() {
    let texts =
        ["", ".a", "a.", "a..b", "a b", "a[", "a[0]", "[]", "9a", "größe", "`a", "a.`\\q`", "``"];
    let report: String = texts
        .iter()
        .map(|text| {
            assert!(!Path::from(*text).any(ValueRef::Int(1), |_| true) || *text == "``");
            format!("{text}\n    {}\n", text.parse::<Path>().unwrap_err())
        })
        .collect();
    insta::assert_snapshot!(report);
}

#[test]
fn as_many_steps_as_a_payload_is_deep() {
    let deep = |steps: usize| (1..steps).fold(Path::key("a"), |path, _| path.then("a"));
    deep(PATH_STEPS_MAX).check().unwrap();
    assert!(deep(PATH_STEPS_MAX + 1).check().is_err());
    assert!(deep(1_000).each().check().is_err());
    let text = |steps: usize| vec!["a"; steps].join(".");
    text(PATH_STEPS_MAX).parse::<Path>().unwrap();
    assert!(text(PATH_STEPS_MAX + 1).parse::<Path>().is_err());
    assert!(format!("a{}", "[]".repeat(100_000)).parse::<Path>().is_err());
    Path::key("x".repeat(KEY_BYTES_MAX)).check().unwrap();
    assert!(Path::key("x".repeat(KEY_BYTES_MAX + 1)).check().is_err());
    assert!(Path::key("a").then("").check().is_err());
}

#[test]
fn a_path_goes_through_maps_and_with_brackets_through_lists() {
    let name = |name: &str| Map::new().with("name", name);
    let value = Value::from(vec![
        Value::from(name("Ada")),
        Value::from(vec![name("Grace")]),
        "Alan".into(),
        Map::new().with("name", name("Edsger")).into(),
    ]);
    let found = |path: &str| {
        let mut found = Vec::new();
        Path::from(path).any(value.as_ref(), |value| {
            found.push(value.to_string());
            false
        });
        found.join(" ")
    };
    assert_eq!(found("a[].name"), r#""Ada" {"name": "Edsger"}"#);
    assert_eq!(found("a[].name.name"), r#""Edsger""#);
    assert_eq!(found("a[][].name"), r#""Grace""#);
    for nothing in ["a.name", "a[].born", "a[][][]", "a[].name[]"] {
        assert_eq!(found(nothing), "", "{nothing}");
    }
    assert!(Path::from("a[].name").any(value.as_ref(), |value| value == ValueRef::Text("Ada")));
}

proptest! {
    #[test]
    fn parsing_undoes_printing(
        first in ".{1,6}",
        steps in prop::collection::vec(prop::option::of(prop_oneof!["[a-z]{1,3}", ".{1,6}"]), 0..6),
    ) {
        let path = steps.into_iter().fold(Path::key(first), |path, step| match step {
            Some(key) => path.then(key),
            None => path.each(),
        });
        prop_assert_eq!(path.to_string().parse::<Path>().unwrap(), path);
    }

    #[test]
    fn no_text_panics(text in "[a.`\\[\\]\\\\ü]{0,12}") {
        let _ = text.parse::<Path>();
    }
}
