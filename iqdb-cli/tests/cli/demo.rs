//! `iqdb demo`.

use crate::run::{iqdb, json, snapshot};

#[test]
fn demo_shows_the_nearest_meanings() {
    snapshot("demo_ocean", &iqdb(&["demo", "ocean"]));
    assert_eq!(iqdb(&["demo"]).out.lines().nth(2), iqdb(&["demo", "OCEAN"]).out.lines().nth(2));
}

#[test]
fn demo_of_a_word_with_several_meanings_names_them_all() {
    snapshot("demo_back", &iqdb(&["demo", "back", "-k", "3", "--pos", "adverb"]));
}

#[test]
fn demo_suggests_a_spelling_for_an_unknown_word() {
    let ran = iqdb(&["demo", "oceen"]);
    assert_eq!((ran.exit, ran.out.as_str()), (1, ""));
    snapshot("demo_oceen", &ran);
    let long = iqdb(&["demo", &"x".repeat(100_000)]);
    assert_eq!(long.exit, 1);
    snapshot("demo_unknown", &long);
}

#[test]
fn demo_json_is_one_object_per_hit() {
    let ran = iqdb(&["demo", "music", "-k", "2", "--json"]);
    snapshot("demo_json", &ran);
    assert_eq!(ran.out.lines().map(|line| json(line, "rank")).collect::<Vec<_>>(), [1, 2, 1, 2]);
}

#[test]
fn demo_shows_as_many_hits_as_there_are() {
    let ran = iqdb(&["demo", "ocean", "-k", "18446744073709551615", "--pos", "noun", "--json"]);
    assert_eq!(ran.exit, 0);
    assert_eq!(ran.out.lines().count(), 3_999 + 2_399);
}
