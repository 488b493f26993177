//! Text fields behind the handle: which analyzers a build has, and what it says about others.
#![allow(clippy::unwrap_used)]

use iqdb::{Analyzer, ErrorKind};

#[cfg(all(feature = "stemming", any(feature = "arena", feature = "memory")))]
#[test]
fn stems_find_the_forms_of_a_word() {
    use iqdb::{Iqdb, Record, Schema};

    let schema =
        Schema::builder().text("body", Analyzer::english()).text("notiz", Analyzer::german());
    let db = Iqdb::open_in_memory(schema.build().unwrap()).unwrap();
    let record = Record::without_vector(1).with("body", "The connections of a city");
    db.upsert(record.with("notiz", "Die Häuser einer Stadt")).unwrap();
    db.upsert(Record::without_vector(2).with("body", "a red fox").with("notiz", "über")).unwrap();
    for (field, words, hits) in [
        ("body", "connecting", 1),
        ("body", "\"connected city\"", 1),
        ("body", "the of a", 0),
        ("notiz", "haus", 1),
        ("notiz", "über", 0),
    ] {
        assert_eq!(db.query_text(field, words).run().unwrap().len(), hits, "{words}");
    }
}

/// Words alone take no cargo feature, and a name that takes one says so.
#[cfg(not(feature = "stemming"))]
#[test]
fn stems_take_a_cargo_feature() {
    assert_eq!("words".parse::<Analyzer>().unwrap(), Analyzer::words());
    for name in ["english", "english/1", "german", "german/1"] {
        let error = name.parse::<Analyzer>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotSupported);
        assert!(error.to_string().contains("`stemming`"), "{error}");
        assert_eq!(Analyzer::from_name(name), None);
    }
}

#[test]
fn an_analyzer_that_no_build_has_is_not_supported() {
    assert_eq!("klingon/1".parse::<Analyzer>().unwrap_err().kind(), ErrorKind::NotSupported);
}
