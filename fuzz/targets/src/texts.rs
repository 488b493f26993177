//! Texts, queries for them, and expressions: what an analyzer makes of any text, and what is read of any query.

use iqdb_core::text::{TextMatches, TextQuery, Unit};
use iqdb_core::{
    Analyzer, Expression, Field, Location, Payload, PayloadRef, Value,
    text::{Terms, Token},
};

use crate::errors;
use crate::seed::Seed;

/// The first byte says which analyzer, and the rest is a text.
fn read(data: &[u8]) -> Option<(Analyzer, &str)> {
    let (first, rest) = data.split_first()?;
    let analyzers = [Analyzer::words(), Analyzer::english(), Analyzer::german()];
    Some((analyzers[usize::from(*first) % analyzers.len()], str::from_utf8(rest).ok()?))
}

fn terms(analyzer: Analyzer, text: &str) -> Vec<String> {
    let mut terms = Vec::new();
    analyzer.terms(text, |term| terms.push(term.to_owned()));
    terms
}

/// Makes the terms of a text, and the column of a record that has it.
///
/// # Panics
/// When a term is empty, or has a space or what changes a terminal in it; when a term of words is another
/// one by itself; when there are more terms than characters, or the column has others.
pub fn analyzers(data: &[u8]) {
    let Some((analyzer, text)) = read(data) else {
        return;
    };
    let found = terms(analyzer, text);
    for term in &found {
        assert!(!term.is_empty() && !term.contains(char::is_whitespace), "{term:?} of {text:?}");
        assert!(!term.contains(errors::changes_a_terminal), "{term:?} of {text:?}");
        if analyzer == Analyzer::words() {
            assert_eq!(terms(analyzer, term), [term.as_str()], "by itself, of {text:?}");
        }
    }
    // A character may fold to several letters, of which each two neighbours may be a term.
    assert!(found.len() <= 18 * text.chars().count(), "{} terms of {text:?}", found.len());
    assert_eq!(read_back(&column(analyzer, &Value::from(text))), found, "the column of {text:?}");
}

/// The bytes of the text field of a record with this value.
fn column(analyzer: Analyzer, value: &Value) -> Vec<u8> {
    let field = Field::text("body", analyzer).expect("a field of a good name");
    let payload = Payload::new().with("body", value.clone());
    let mut bytes = Vec::new();
    let is_there = field.compute(&PayloadRef::from(&payload), &mut bytes).expect("in memory");
    assert!(is_there, "a text has the field");
    bytes
}

fn read_back(bytes: &[u8]) -> Vec<String> {
    let read = Terms::new(bytes).expect("bytes that were written");
    let mut distinct: Vec<&[u8]> = Vec::new();
    let mut found = Vec::new();
    for token in read.tokens() {
        match token.expect("bytes that were written") {
            Token::New(term) => {
                distinct.push(term);
                found.push(term);
            }
            Token::Again(number) => {
                found.push(distinct[usize::try_from(number).expect("a number of a term")]);
            }
            Token::Gap => {}
        }
    }
    assert_eq!(found.len() as u64, read.words());
    found.iter().map(|term| str::from_utf8(term).expect("a term").to_owned()).collect()
}

/// Reads a text as a query, and looks for it in itself and in two texts besides.
///
/// # Panics
/// When units are out of order, empty or twice there; when other texts match than those whose terms say so, or
/// with a score that is not finite or below 0; when an error points outside the text or repeats it.
pub fn text_query(data: &[u8]) {
    let Some((analyzer, text)) = read(data) else {
        return;
    };
    let query = match TextQuery::parse(text, analyzer) {
        Ok(query) => query,
        Err(error) => {
            if let Some(Location::Column(column)) = error.location() {
                assert!((1..=text.chars().count() + 1).contains(&column), "{error}");
            }
            return errors::check(&error);
        }
    };
    let units = query.units();
    let key = |unit: &Unit| (unit.terms().len() > 1, unit.terms().map(String::from).collect());
    let keys: Vec<(bool, Vec<String>)> = units.iter().map(key).collect();
    assert!(keys.is_sorted_by(|a, b| a < b), "{keys:?} of {text:?}");
    assert!(keys.iter().flat_map(|(_, terms)| terms).all(|term| !term.is_empty()), "{text:?}");
    assert!(query.excluded().iter().flatten().all(|place| *place < units.len()), "{text:?}");

    // The halves are two texts, with a gap between their words.
    let half = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let halves = [terms(analyzer, &text[..half]), terms(analyzer, &text[half..])];
    let list = Value::from(vec![Value::from(&text[..half]), Value::from(&text[half..])]);
    let texts = [
        (vec![terms(analyzer, text)], column(analyzer, &Value::from(text))),
        (halves.to_vec(), column(analyzer, &list)),
        (vec![Vec::new()], column(analyzer, &Value::from(""))),
    ];
    let mut matches = TextMatches::default();
    matches.begin(&query);
    let mut expected = Vec::new();
    for (n, (parts, bytes)) in (0..).zip(&texts) {
        matches.add(&query, bytes, n, true).expect("bytes that were written");
        let tf: Vec<u32> = keys.iter().map(|(_, unit)| count(unit, parts)).collect();
        expected.extend(query.matches(&tf).then_some(n));
    }
    let scores: Vec<(u64, f64)> = matches.scores(&query).collect();
    let found: Vec<u64> = scores.iter().map(|(n, _)| *n).collect();
    assert_eq!(found, expected, "which texts {query} hits, of {text:?}");
    assert!(scores.iter().all(|(_, score)| score.is_finite() && *score >= 0.0), "{scores:?}");
}

/// How often the terms come one after the other in one of the texts.
fn count(unit: &[String], texts: &[Vec<String>]) -> u32 {
    let all = texts.iter().flat_map(|terms| terms.windows(unit.len()));
    u32::try_from(all.filter(|window| *window == unit).count()).expect("few")
}

/// Reads a text as an expression, and ranks payloads by it.
///
/// # Panics
/// When it doesn't come back from its print, when a score is no number, or when an error points outside the
/// text or repeats it.
pub fn expression_text(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let expression = match text.parse::<Expression>() {
        Ok(expression) => expression,
        Err(error) => {
            if let Some(Location::Column(column)) = error.location() {
                assert!((1..=text.chars().count() + 1).contains(&column), "{error}");
            }
            return errors::check(&error);
        }
    };
    let printed = expression.to_string();
    let read: Expression = printed
        .parse()
        .unwrap_or_else(|error| panic!("{printed:?} was printed and can't be read: {error}"));
    assert_eq!(read, expression, "{printed:?} is read as another expression");
    assert!(!printed.contains(errors::changes_a_terminal), "{printed:?} is not one line");
    let numbers = || vec![Value::Int(i64::MIN), Value::Float(1e308), Value::Float(f64::NAN)];
    for payload in
        [Payload::new(), Payload::new().with("a", 7), Payload::new().with("a", numbers())]
    {
        for score in [0.0, -1.5, f64::MAX, f64::NEG_INFINITY] {
            let found = expression.score(score, &PayloadRef::from(&payload)).expect("in memory");
            assert!(!found.is_nan(), "{printed:?} of {payload:?}");
        }
    }
}

/// One text for each analyzer and rule.
pub(crate) fn analyzer_seeds() -> Vec<Seed> {
    vec![
        Seed::new("apostrophes", "\x01The fox’s, foxes' and ‘can’t’"),
        Seed::new("compatible", "\0ﬁne ①② ｶﾞ Ｗｉｄｅ ㎏ \u{fdfa}"),
        Seed::new("composed", "\0e\u{301}cole \u{1112}\u{1161}\u{11ab} a\u{323}\u{307}"),
        Seed::new("german", "\x02Die Häuser und die Straßen, aufeinanderfolgend ÜBER uns"),
        Seed::new("hebrew", "\0צה\"ל א' ג'ז"),
        Seed::new("numbers", "\x011,000.5 3d e2e snake_case 1:2 a.b"),
        Seed::new("stems", "\x01generalizations happily flying's connected relational yyy"),
        Seed::new("unspaced", "\0東京都 かな カタカナ 한국어 ไทยนี้ x手机3"),
    ]
}

/// One text per rule of the language of queries.
pub(crate) fn query_seeds() -> Vec<Seed> {
    vec![
        Seed::new("any", "\0red fox Red"),
        Seed::new("excluded", "\x01fox -cats -\"lazy dogs\" -a-b"),
        Seed::new("nearly", "\0+ - \"\" +\"\" -\" \""),
        Seed::new("only-excluded", "\0-cat -\"lazy dog\""),
        Seed::new("phrases", "\x02\"die roten Häuser\" \"rote\" +\"rote Häuser\" rote Häuser"),
        Seed::new("required", "\0+red +\"red fox\" +fox.trot +東京都"),
        Seed::new("unfinished", "\0red \"fox"),
    ]
}

/// One text per rule of the language of expressions.
pub(crate) fn expression_seeds() -> Vec<Seed> {
    vec![
        Seed::new(
            "dates",
            "exp(a, date(\"2026-11-30\"), 7d) - linear(a, date('2025-01-31T10:00:00Z'), 90)",
        ),
        Seed::new(
            "decays",
            "score + 0.5 * gauss(a, -3, 1e3, 0.25) - 2*exp(a.b[], 0, 1) - linear(a,1,2)",
        ),
        Seed::new("nearly", "score + + gauss(a, 1) * 2 - exp(a, 1, 0)"),
        Seed::new("paths", "`score`.a[] + 2 * score-views - `a b` + gauss"),
        Seed::new("sums", "-1e308 * a - 1e308 * a + 1e308 * a - 0 + 1.5"),
        Seed::new("unfinished", "linear(a, date(\"20"),
    ]
}
