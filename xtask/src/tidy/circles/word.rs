//! Names as they are compared, and what a name tells by itself.
//!
//! Pure.

use proc_macro2::Ident;

/// The name as it is in paths elsewhere: `r#type` and `type` are one.
pub(super) fn word(name: &Ident) -> String {
    let name = name.to_string();
    name.strip_prefix("r#").map(str::to_owned).unwrap_or(name)
}

/// Whether a name is that of a type, a variant or a constant, by its first letter.
pub(super) fn is_type_name(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}
