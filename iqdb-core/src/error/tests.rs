//! Tests of errors and their texts.

use super::*;

fn full() -> Error {
    Error::new(ErrorKind::DimensionMismatch, "the vector does not fit the schema")
        .during("apply")
        .with_id(&RecordId::from("doc-42"))
        .expected("384 components")
        .found("3 components")
        .hint("embed with the model that the store was made for")
        .caused_by("a cause")
}

#[test]
fn display_is_one_line() {
    insta::assert_snapshot!(full(), @"apply: wrong dimension: the vector does not fit the schema (record doc-42): expected 384 components, found 3 components; embed with the model that the store was made for");
}

#[test]
fn debug_is_readable_because_main_prints_it() {
    insta::assert_debug_snapshot!(full(), @r"
    wrong dimension: the vector does not fit the schema
      while:     apply
      record:    doc-42
      expected:  384 components
      found:     3 components
      hint:      embed with the model that the store was made for
      because:   a cause
    ");
}

#[test]
fn the_innermost_operation_is_kept() {
    assert_eq!(full().during("outer").operation(), Some("apply"));
}

#[test]
fn hostile_input_leaves_an_error_readable_whichever_way_it_gets_in() {
    let hostile = format!("a\nb\u{1b}[2J\u{202e}{}", "x".repeat(1_000_000));
    let error = Error::new(ErrorKind::ContractViolation, hostile.clone())
        .during(hostile.clone())
        .with_id(&RecordId::from(&hostile))
        .with_field(&hostile)
        .expected(&hostile)
        .found(&hostile)
        .hint(hostile.clone())
        .caused_by(hostile.clone());
    let (line, lines) = (error.to_string(), format!("{error:?}"));
    for text in [&line, &lines] {
        assert!(!text.replace("\n  ", "").contains(crate::quoted::is_escaped), "{text:?}");
        assert!(text.len() < 8 * 250, "{} bytes", text.len());
    }
    assert_eq!(line.matches("(1000008 characters)").count(), 6);
    assert_eq!(lines.lines().count(), 8);
    assert_eq!(error.id(), Some(&RecordId::from(hostile)));
}

#[test]
fn an_error_is_small_and_crosses_threads() {
    fn crosses_threads<T: Send + Sync + 'static>() {}
    crosses_threads::<Error>();
    assert!(size_of::<Error>() <= 24);
}

#[test]
fn the_same_call_may_be_made_again_where_nothing_has_to_be_read_first() {
    let error = |kind| Error::new(kind, "something happened");
    for kind in [ErrorKind::Locked, ErrorKind::DeadlineExceeded] {
        assert!(error(kind).is_retryable(), "{kind}");
    }
    let again = [
        ErrorKind::VersionConflict,
        ErrorKind::OutcomeUnknown,
        ErrorKind::SnapshotExpired,
        ErrorKind::VersionGone,
    ];
    for kind in again {
        assert!(!error(kind).transient().is_retryable(), "{kind}: it has to be read again");
    }
    for kind in [ErrorKind::Io, ErrorKind::Cancelled, ErrorKind::AlreadyExists] {
        assert!(!error(kind).is_retryable(), "{kind}");
    }
    assert!(error(ErrorKind::Io).transient().is_retryable());
}
