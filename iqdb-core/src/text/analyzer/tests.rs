//! What analyzers make of texts is pinned: a change of any table or rule changes a hash below.

use super::*;

/// FNV-1a of everything that an analyzer makes of the texts.
fn hash(analyzer: Analyzer, texts: impl Iterator<Item = String>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut push = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    };
    let mut analysis = Analysis::new(analyzer);
    for text in texts {
        analysis.terms(&text, |term| {
            push(term.as_bytes());
            push(&[0xff]);
        });
        push(&[0xfe]);
    }
    hash
}

/// Every character of the planes that have any in a table, alone, between letters, digits and Hebrew
/// letters, doubled, and with marks.
fn of_every_character() -> impl Iterator<Item = String> {
    ('\0'..='\u{3ffff}')
        .chain('\u{e0000}'..='\u{e0fff}')
        .map(|c| format!("{c} a{c}B 1{c}2 א{c}ב {c}{c}é{c} \u{1112}\u{1161}{c} a{c}\u{301}\u{327}"))
}

/// Texts of characters that the rules are about, drawn by a xorshift generator.
fn drawn() -> impl Iterator<Item = String> {
    let of_rules: Vec<char> =
        "aBz09_'’.,:;·\"אב\u{301}\u{327}\u{ad}\u{200d} -かナー東京한ㅎไท\u{ff76}\u{ff9e}ﬁßΣİǅ½①\u{e0101}"
            .chars()
            .collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % below
    };
    (0..50_000).map(move |_| (0..1 + draw(24)).map(|_| of_rules[draw(of_rules.len())]).collect())
}

#[test]
fn what_words_1_makes_of_texts_never_changes() {
    let words = Analyzer::words();
    assert_eq!(words.name(), "words/1");
    let hashes = [hash(words, of_every_character()), hash(words, drawn())];
    assert_eq!(hashes.map(|hash| format!("{hash:016x}")), ["7109cbab5d133b4e", "715270e9cfce2544"]);
}

#[cfg(feature = "stemming")]
mod stemming;

#[test]
fn an_analyzer_is_known_by_its_name() {
    for analyzer in Analyzer::all() {
        assert_eq!(Analyzer::from_name(analyzer.name()), Some(analyzer));
        assert_eq!(analyzer.to_string().parse::<Analyzer>().unwrap(), analyzer);
    }
    assert_eq!("words".parse::<Analyzer>().unwrap(), Analyzer::words());
    assert_eq!(Analyzer::from_name("words"), None, "a file has the version");
    for text in ["words/0", "words/2", "Words", "", "/1"] {
        let error = text.parse::<Analyzer>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotSupported);
        assert!(error.expectation().is_some_and(|names| names.ends_with("words/1")), "{error}");
    }
}
