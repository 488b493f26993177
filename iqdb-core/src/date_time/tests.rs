//! Dates are read, printed and counted as the calendar has them.

use proptest::prelude::*;

use super::*;

#[test]
fn known_dates_have_their_known_numbers() {
    // From `date -u -d … +%s`.
    for (text, seconds) in [
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59Z", -1),
        ("2000-02-29T12:34:56Z", 951_827_696),
        ("2025-01-31T10:00:00Z", 1_738_317_600),
        ("1600-02-29T00:00:00Z", -11_670_998_400),
        ("0001-01-01T00:00:00Z", SECONDS_MIN),
        ("9999-12-31T23:59:59Z", SECONDS_MAX),
    ] {
        let date: DateTime = text.parse().unwrap();
        assert_eq!(date.as_micros(), seconds * MICROS_PER_SECOND, "{text}");
        assert_eq!(date.to_string(), text);
    }
}

#[test]
fn every_day_of_the_calendar_comes_back() {
    let (mut year, mut month, mut day) = (1, 1, 1);
    for days in SECONDS_MIN / SECONDS_PER_DAY..=SECONDS_MAX / SECONDS_PER_DAY {
        assert_eq!(civil_from_days(days), (year, month, day));
        assert_eq!(days_from_civil(year, month, day), days);
        day += 1;
        if day > days_in_month(year, month) {
            (month, day) = (month + 1, 1);
        }
        if month > 12 {
            (year, month) = (year + 1, 1);
        }
    }
    assert_eq!((year, month, day), (10_000, 1, 1));
}

#[test]
fn what_is_written_otherwise_reads_alike() {
    for (text, printed) in [
        ("2025-01-31", "2025-01-31T00:00:00Z"),
        ("2025-01-31t10:00:00z", "2025-01-31T10:00:00Z"),
        ("2025-01-31T10:00:00+02:00", "2025-01-31T08:00:00Z"),
        ("2025-01-31T23:30:00-01:45", "2025-02-01T01:15:00Z"),
        ("2025-01-31T10:00:00-00:00", "2025-01-31T10:00:00Z"),
        ("2025-01-31T10:00:00.500Z", "2025-01-31T10:00:00.5Z"),
        ("2025-01-31T10:00:00.000001Z", "2025-01-31T10:00:00.000001Z"),
        ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
    ] {
        assert_eq!(text.parse::<DateTime>().unwrap().to_string(), printed);
    }
}

#[test]
fn a_date_that_cannot_be_read_says_where() {
    let texts = [
        "",
        "2025",
        "2025-1-31",
        "0000-01-01",
        "10000-01-01",
        "2025-13-01",
        "2025-02-29",
        "1900-02-29",
        "2025-01-31 10:00:00Z",
        "2025-01-31T24:00:00Z",
        "2025-01-31T10:00:60Z",
        "2025-01-31T10:00Z",
        "2025-01-31T10:00:00",
        "2025-01-31T10:00:00.Z",
        "2025-01-31T10:00:00.1234567Z",
        "2025-01-31T10:00:00+2:00",
        "2025-01-31T10:00:00Zulu",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "٢٠٢٥-01-31",
    ];
    let report: String =
        texts.iter().map(|text| format!("{}\n", text.parse::<DateTime>().unwrap_err())).collect();
    insta::assert_snapshot!(report);
}

#[test]
fn the_range_ends_where_it_says() {
    for date in [DateTime::MIN, DateTime::MAX] {
        assert_eq!(DateTime::from_micros(date.as_micros()).unwrap(), date);
        assert_eq!(date.to_string().parse::<DateTime>().unwrap(), date);
    }
    for micros in [DateTime::MIN.0 - 1, DateTime::MAX.0 + 1, i64::MIN, i64::MAX] {
        let error = DateTime::from_micros(micros).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPayload);
    }
}

#[test]
fn the_systems_time_is_cut_to_microseconds() {
    let at = |nanos: u64| SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos);
    let before = |nanos: u64| SystemTime::UNIX_EPOCH - Duration::from_nanos(nanos);
    for (time, micros) in
        [(at(1_999), 1), (before(1_000), -1), (before(1), -1), (before(1_001), -2), (at(0), 0)]
    {
        assert_eq!(DateTime::try_from(time).unwrap().as_micros(), micros);
    }
}

proptest! {
    #[test]
    fn parsing_undoes_printing(micros in DateTime::MIN.0..=DateTime::MAX.0) {
        let date = DateTime::from_micros(micros).unwrap();
        prop_assert_eq!(date.to_string().parse::<DateTime>().unwrap(), date);
    }

    #[test]
    fn text_orders_as_dates_do(a in DateTime::MIN.0..=DateTime::MAX.0, b in DateTime::MIN.0..=DateTime::MAX.0) {
        let whole = |micros: i64| DateTime(micros.div_euclid(MICROS_PER_SECOND) * MICROS_PER_SECOND);
        let (a, b) = (whole(a), whole(b));
        prop_assert_eq!(a.to_string().cmp(&b.to_string()), a.cmp(&b));
    }

    #[test]
    fn no_text_panics(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}.{0,20}") {
        let _ = text.parse::<DateTime>();
    }
}
