//! The macros that make the enum of defects, and everything that goes through all of it, of the lists.

/// Joins the lists of these names to one, and makes the enum of it. Those behind `not_yet` are of
/// defects that no case catches yet.
macro_rules! join {
    ([] $($joined:tt)*) => {
        defects! { $($joined)* }
    };
    ([not_yet $($lists:ident)*] $($joined:tt)*) => {
        join! { [$($lists)*] $($joined)* not_yet }
    };
    ([$list:ident $($lists:ident)*] $($joined:tt)*) => {
        $list! { [$($lists)*] $($joined)* }
    };
}

/// The first of the given, where the others are for when it is not.
macro_rules! first_of {
    ($first:expr $(, $rest:expr)*) => {
        $first
    };
}

/// Makes the enum, and everything that goes through all of it, from one list.
macro_rules! defects {
    (
        $($(#[doc = $story:literal])+ $name:ident $(in $store:ident)? by $($case:literal),+;)+
        not_yet
        $($(#[doc = $new_story:literal])+ $new_name:ident $(in $new_store:ident)? of $cause:literal
            by $($new_case:literal),+;)*
    ) => {
        /// A planted defect.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Defect {
            $($(#[doc = $story])+ $name,)+
            $($(#[doc = $new_story])+ $new_name,)*
            /// No defect: sealing is a choice.
            NothingIsSealed,
        }

        impl Defect {
            /// Every defect that some case must catch.
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)+];

            /// Every defect that the whole suite lets pass, with the number of its cause: why the
            /// suite doesn't see it. Once a case catches one, it moves to a list of [`ALL`](Self::ALL).
            pub(crate) const NOT_YET_CAUGHT: &[(u8, Self)] = &[$(($cause, Self::$new_name),)*];

            /// The store that the defect is planted in.
            pub(crate) fn planted(self) -> Planted {
                match self {
                    $(Self::$name => first_of!($(Planted::$store,)? Planted::Store),)+
                    $(Self::$new_name => first_of!($(Planted::$new_store,)? Planted::Store),)*
                    Self::NothingIsSealed => Planted::Store,
                }
            }

            /// What is wrong, in a sentence.
            pub(crate) fn story(self) -> String {
                match self {
                    $(Self::$name => concat!($($story),+).trim().to_owned(),)+
                    $(Self::$new_name => concat!($($new_story),+).trim().to_owned(),)*
                    Self::NothingIsSealed => "No defect.".to_owned(),
                }
            }

            /// The cases that must catch the defect. Of one that is not caught yet there may be names
            /// of cases that are not written yet.
            pub(crate) fn caught_by(self) -> &'static [&'static str] {
                match self {
                    $(Self::$name => &[$($case),+],)+
                    $(Self::$new_name => &[$($new_case),+],)*
                    Self::NothingIsSealed => &[],
                }
            }
        }
    };
}
