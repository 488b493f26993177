//! Columns keep what is appended, where it is, until the last handle is gone.

use std::sync::atomic::AtomicUsize;

use super::*;

#[test]
fn what_is_pushed_is_there_and_no_more() {
    let (mut appender, column) = column(3);
    assert_eq!((column.get(0), column.slice(0..0)), (None, Some(&[][..])));
    appender.push("a".to_owned());
    appender.push("b".to_owned());
    assert_eq!(column.slice(0..2).unwrap(), ["a", "b"]);
    assert_eq!(column.get(1).unwrap(), "b");
    assert_eq!((column.get(2), column.slice(1..3), column.get(usize::MAX)), (None, None, None));
    #[allow(clippy::reversed_empty_ranges)]
    let reversed = column.slice(2..1);
    assert_eq!(reversed, None);
    assert!(!appender.is_full());
    appender.push("c".to_owned());
    assert!(appender.is_full());
    let full = std::panic::AssertUnwindSafe(|| appender.push("d".to_owned()));
    assert!(std::panic::catch_unwind(full).is_err());
    assert_eq!(column.len(), 3);
}

#[test]
fn a_slice_is_appended_whole_or_not_at_all() {
    let (mut appender, column) = column(5);
    appender.extend_from_slice(&[1, 2]);
    appender.push(3);
    appender.extend_from_slice(&[]);
    let full = std::panic::AssertUnwindSafe(|| appender.extend_from_slice(&[4, 5, 6]));
    assert!(std::panic::catch_unwind(full).is_err());
    assert_eq!((column.len(), column.slice(0..3).unwrap()), (3, &[1, 2, 3][..]));
    appender.extend_from_slice(&[4, 5]);
    assert!(appender.is_full());
    assert_eq!(column.slice(0..5).unwrap(), [1, 2, 3, 4, 5]);
}

#[test]
fn values_are_dropped_once_with_the_last_handle() {
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    struct Counted(#[allow(dead_code)] Box<u8>);
    impl Drop for Counted {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
    }
    let (mut appender, column) = column(5);
    (0..3).for_each(|n| appender.push(Counted(Box::new(n))));
    let other = column.clone();
    drop(column);
    drop(appender);
    assert_eq!((DROPPED.load(Ordering::Relaxed), other.len()), (0, 3));
    drop(other);
    assert_eq!(DROPPED.load(Ordering::Relaxed), 3);
}

#[test]
fn a_column_starts_at_a_cache_line_however_large_it_is() {
    for capacity in [0, 1, 100, MAPPED_BYTES_MIN, 3 * MAPPED_BYTES_MIN] {
        let (mut appender, column) = column::<u8>(capacity);
        if capacity > 0 {
            appender.push(7);
            assert_eq!(column.slice(0..1).unwrap().as_ptr().addr() % ALIGNMENT, 0);
        }
        assert_eq!(column.len(), capacity.min(1));
    }
    // Nothing to store, and yet counted.
    let (mut nothing, column) = column(2);
    nothing.push(());
    assert_eq!(column.get(0), Some(&()));
}

#[test]
fn readers_see_whole_values_while_they_are_pushed() {
    const VALUES: usize = if cfg!(miri) { 200 } else { 20_000 };
    let (mut appender, column) = column(VALUES);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            let column = column.clone();
            scope.spawn(move || {
                while column.len() < VALUES {
                    let len = column.len();
                    let seen: &[[usize; 4]] = column.slice(0..len).unwrap();
                    let last = seen.iter().enumerate().next_back();
                    assert!(last.is_none_or(|(n, value)| *value == [n; 4]));
                }
            });
        }
        (0..VALUES).for_each(|n| appender.push([n; 4]));
    });
    assert!(column.slice(0..VALUES).unwrap().iter().enumerate().all(|(n, v)| *v == [n; 4]));
}
