//! The macro that turns the list of cases into named tests.

/// Defines one `#[test]` per case of the suite, named `family::case_name`.
///
/// ```
/// # fn main() {}
/// # mod tests {
/// use iqdb_conformance::naive::{NaiveSearch, NaiveStore};
/// use iqdb_conformance::{Harness, conformance_tests};
///
/// conformance_tests!(Harness::new("naive", |schema| Ok(NaiveStore::new(schema)), NaiveSearch));
/// # }
/// ```
///
/// Invoke it once per module: several backends in one file each get a `mod` of their own.
#[macro_export]
macro_rules! conformance_tests {
    ($harness:expr $(,)?) => {
        fn conformance_harness() -> $crate::Harness {
            ($harness).with_tests_in(module_path!())
        }

        $crate::for_each_case!($crate::stamp_tests);
    };
}

/// The tests of [`conformance_tests!`], given the list of [`for_each_case!`].
#[doc(hidden)]
#[macro_export]
macro_rules! stamp_tests {
    ($($family:ident { $($module:ident::$case:ident,)* })*) => {$(
        mod $family {$(
            #[test]
            fn $case() {
                $crate::run_case(
                    &super::conformance_harness(),
                    concat!(stringify!($module), "::", stringify!($case)),
                );
            }
        )*}
    )*};
}
