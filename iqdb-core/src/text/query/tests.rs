//! Tests of what is read of queries for text.

use super::*;

fn parse(text: &str) -> Result<TextQuery> {
    TextQuery::parse(text, Analyzer::words())
}

#[test]
fn what_is_written_is_read() {
    for (text, expected) in [
        ("red fox", "fox red"),
        ("  Fox\tRED fox\n", "fox red"),
        ("\"Red fox\" red", "red \"red fox\""),
        ("\"b\" \"c a\" \"a c\" a", "a b \"a c\" \"c a\""),
        ("+red fox", "fox +red"),
        ("red +red", "+red"),
        ("+\"red fox\" -cat", "+\"red fox\" -cat"),
        ("red -\"lazy dog\" -cat -CAT", "red -cat -\"lazy dog\""),
        ("red-fox e.g. +rock'n'roll", "e.g fox red +rock'n'roll"),
        ("fox +cat-and-dog", "+and +cat +dog fox"),
        ("fox -cat-dog", "fox -cat&dog"),
        ("red -red", "red -red"),
        ("5\" +6\"", "5 +6"),
        ("a\"b c\"d", "a b c d"),
        ("red + fox - \"\" -\"!\" +", "fox red"),
        ("dog --cat ++dog", "+dog -cat"),
        ("", ""),
        ("!? …", ""),
        ("東京都 \"東京都\"", "京都 東京 \"東京 京都\""),
    ] {
        assert_eq!(parse(text).unwrap().to_string(), expected, "{text:?}");
    }
}

#[test]
fn what_cannot_be_read_says_why() {
    for (text, column) in [("\"red", 1), ("é -\"", 4), ("a \"b\" \"c", 7)] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidQuery);
        assert!(error.to_string().contains(&format!("column {column}")), "{text:?}: {error}");
    }
    for text in ["-cat", "-cat -\"lazy dog\" +", "-a ! \"\""] {
        assert_eq!(parse(text).unwrap_err().kind(), ErrorKind::InvalidQuery, "{text:?}");
    }
    assert!(parse(&"x".repeat(TEXT_QUERY_BYTES_MAX)).is_ok());
    let long = "x ".repeat(TEXT_QUERY_BYTES_MAX / 2) + "x";
    assert_eq!(parse(&long).unwrap_err().kind(), ErrorKind::InvalidQuery);
}
