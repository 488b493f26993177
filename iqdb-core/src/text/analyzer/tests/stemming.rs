//! What stems are made of words is pinned: an update of the algorithms, or of a list of stop words, changes a
//! hash below.

use super::*;

/// Words of drawn syllables with the endings of two languages, and some of other scripts.
fn drawn_words() -> impl Iterator<Item = String> {
    const SYLLABLES: [&str; 28] = [
        "con", "nect", "ge", "ver", "run", "hap", "py", "auto", "mat", "lich", "trag", "ß", "ü",
        "ä", "ö", "be", "y", "ion", "al", "str", "e", "haus", "fly", "'", "ae", "qu", "日本", "ж",
    ];
    const ENDINGS: [&str; 32] = [
        "",
        "s",
        "es",
        "ed",
        "ing",
        "ly",
        "ness",
        "ational",
        "ization",
        "ies",
        "'s",
        "\u{2019}s",
        "est",
        "ment",
        "ful",
        "ous",
        "en",
        "er",
        "em",
        "ern",
        "ung",
        "heit",
        "keit",
        "lich",
        "isch",
        "ig",
        "end",
        "e",
        "n",
        "st",
        "innen",
        "ers",
    ];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut draw = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % below
    };
    (0..100_000).map(move |_| {
        let mut word: String = (0..=draw(4)).map(|_| SYLLABLES[draw(SYLLABLES.len())]).collect();
        word.push_str(ENDINGS[draw(ENDINGS.len())]);
        word
    })
}

fn terms(analyzer: Analyzer, text: &str) -> String {
    let mut terms = Vec::new();
    analyzer.terms(text, |term| terms.push(term.to_owned()));
    terms.join(" ")
}

#[test]
fn what_stems_are_made_of_words_never_changes() {
    let of = |analyzer: Analyzer| {
        let texts = of_every_character().step_by(7).chain(drawn()).chain(drawn_words());
        format!("{:016x}", hash(analyzer, texts))
    };
    assert_eq!(
        [of(Analyzer::english()), of(Analyzer::german())],
        ["ac4f99ee56ccc2f9", "083702f5d80159b9"]
    );
}

#[test]
fn words_of_one_stem_are_one_term_and_stop_words_are_none() {
    let (english, german) = (Analyzer::english(), Analyzer::german());
    for (analyzer, text, expected) in [
        (english, "The foxes’ CONNECTIONS were running", "fox connect were run"),
        (english, "connect connected connecting connection", "connect connect connect connect"),
        (english, "a dog's, the dog’s, dogs", "dog dog dog"),
        (english, "to be or not to be", ""),
        (english, "東京都 3.5 x_s", "東京 京都 3.5 x_s"),
        (german, "Die Häuser und die Straßen", "haus strass"),
        (german, "aufgestiegene AUFGESTIEGENEN", "aufgestieg aufgestieg"),
        (german, "über uns hinaus", "hinaus"),
    ] {
        assert_eq!(terms(analyzer, text), expected, "{analyzer} of {text:?}");
    }
}

#[test]
fn phrases_close_up_where_a_stop_word_was() {
    let query = |text: &str| {
        crate::text::TextQuery::parse(text, Analyzer::english()).map(|query| query.to_string())
    };
    assert_eq!(query("\"kings of the castle\" +the -a").unwrap(), "\"king castl\"");
    assert_eq!(query("the").unwrap(), "");
}
