//! Record ids as text: what is accepted is printed on one line, and read back as the same id.

use iqdb_core::RecordId;

use crate::errors;
use crate::seed::Seed;

/// Reads a text as an id, and takes it for a string id besides.
///
/// # Panics
/// When an id doesn't come back from its print or from JSON, or when an error repeats the text raw or
/// whole.
pub fn record_id_text(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    match text.parse::<RecordId>() {
        Ok(id) => {
            id.check().expect("what was parsed passes its check");
            check(&id);
        }
        Err(error) => errors::check(&error),
    }
    let literal = RecordId::from(text);
    if literal.check().is_ok() {
        check(&literal);
    }
}

fn check(id: &RecordId) {
    let printed = id.to_string();
    // A print is longer than what it stands for, but a parser bounds the id and not its text.
    let read: RecordId = printed
        .parse()
        .unwrap_or_else(|error| panic!("{printed:?} was printed and can't be read: {error}"));
    assert_eq!(read, *id, "{printed:?} is read as another id");
    assert_eq!(id.as_ref().to_id(), *id, "borrowed and owned again");
    assert!(!printed.contains(errors::changes_a_terminal), "{printed:?} is not one line");
    let json = serde_json::to_string(id).expect("an id as JSON");
    let read: RecordId = serde_json::from_str(&json).expect("its own JSON");
    assert_eq!(read, *id, "{json} is read as another id");
}

/// One text per kind, and some that are nearly one.
pub(crate) fn seeds() -> Vec<Seed> {
    vec![
        Seed::new("empty", ""),
        Seed::new("number", "18446744073709551615"),
        Seed::new("number-far-too-large", "9".repeat(2_000)),
        Seed::new("number-too-large", "18446744073709551616"),
        Seed::new("quoted", r#""a \"b\" \\ \n\t\u{1f600}""#),
        Seed::new("quoted-number", "\"42\""),
        Seed::new("spaces", " doc 42\u{202e}\n"),
        Seed::new("string", "doc-42"),
        Seed::new("unfinished", "\"\\u{d8"),
        Seed::new("text-behind-quotes", "\"a\"\u{1b}[2J\n\u{202e}b"),
        Seed::new("uuid", "67e55044-10b1-426f-9247-bb680e5fe0c8"),
        Seed::new("uuid-without-hyphens", "67e5504410b1426f9247bb680e5fe0c8"),
    ]
}
