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

#[cfg(any(feature = "arena", feature = "memory"))]
#[test]
fn fused_hits_are_ranked_by_an_expression() {
    use iqdb::{Iqdb, Metric, Record, Schema};

    let schema =
        Schema::builder().dense("vector", 1, Metric::Euclidean).text("body", Analyzer::words());
    let db = Iqdb::open_in_memory(schema.build().unwrap()).unwrap();
    for n in 0..300_u32 {
        let record = Record::new(u64::from(n), [n as f32]).unwrap();
        db.upsert(record.with("body", "fox ".repeat(1 + n as usize % 3)).with("n", n)).unwrap();
    }
    let asked = || db.hybrid().dense("vector", [0.0]).text("body", "fox").k(2);
    let hits = asked().rerank(300, "n").run().unwrap();
    assert!(hits[0].id == 299 && hits[1].id == 298 && hits[0].score == 299.0);
    assert!(hits.iter().all(|hit| hit.payload.is_none() && hit.parts[0].is_some()));
    let plain = asked().k(10).run().unwrap();
    let by_score = asked().k(10).with_payload().rerank(10, "score").run().unwrap();
    assert!(plain.iter().zip(&by_score).all(|(a, b)| a.id == b.id && a.score == b.score));
    assert!(by_score.iter().all(|hit| hit.payload.is_some()));
    for refused in [
        asked().rerank(0, "score"),
        asked().rerank(9, "score +"),
        asked().rerank(9, "score").k(0),
        db.hybrid().rerank(9, "score"),
    ] {
        assert_eq!(refused.run().unwrap_err().kind(), ErrorKind::InvalidQuery);
    }
    let found = db.query([0.0]).k(1).rerank(50, "n - score").unwrap();
    assert_eq!((&found[0].hit.id, found[0].score, found[0].hit.distance), (&49.into(), 98.0, 49.0));
}
