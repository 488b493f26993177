//! Paths among the tokens that a macro is given, or is made of.
//!
//! Pure. It doesn't know what the macro makes of them, so it goes by looks: a path is what has
//! several segments, or the name of a type, or is called.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

use super::word::{is_type_name, word};

/// One path.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: Vec<String>,
    pub(super) line: usize,
    /// Whether a `!` follows it.
    pub(super) is_macro: bool,
}

/// The paths in the order of the tokens; `$crate` is `crate`.
pub(super) fn paths(tokens: TokenStream) -> Vec<Found> {
    let mut found = Vec::new();
    collect(tokens, &mut found);
    found
}

fn collect(tokens: TokenStream, found: &mut Vec<Found>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let end = match token {
            TokenTree::Group(group) => {
                collect(group.stream(), found);
                at + 1
            }
            TokenTree::Ident(first) => {
                let (path, end) = path_at(&tokens, at, first);
                let line = first.span().start().line;
                found.extend(judge(path, line, &tokens[..at], tokens.get(end)));
                end
            }
            _ => at + 1,
        };
        at = end;
    }
}

/// The path that begins with the token `at`, and the token after it.
fn path_at(tokens: &[TokenTree], at: usize, first: &Ident) -> (Vec<String>, usize) {
    let (mut path, mut end) = (vec![word(first)], at + 1);
    while is_sign(tokens.get(end), ':') && is_sign(tokens.get(end + 1), ':') {
        let Some(TokenTree::Ident(next)) = tokens.get(end + 2) else {
            break;
        };
        path.push(word(next));
        end += 3;
    }
    (path, end)
}

fn judge(
    path: Vec<String>,
    line: usize,
    before: &[TokenTree],
    after: Option<&TokenTree>,
) -> Option<Found> {
    let is_after = |sign: char| is_sign(before.last(), sign);
    let is_after_two = |sign: char| is_after(sign) && is_sign(before.iter().nth_back(1), sign);
    // `.field` is a member and `..end` is none, `$name` is a parameter, and in `Vec::<T>::new` or
    // `::std::fs` the path began before.
    let is_member = is_after('.') && !is_after_two('.');
    let is_parameter = is_after('$') && path[0] != "crate";
    let is_called = matches!(after, Some(TokenTree::Group(group))
        if group.delimiter() == Delimiter::Parenthesis);
    let is_macro = is_sign(after, '!');
    let is_path = path.len() > 1 || is_type_name(&path[0]) || is_called || is_macro;
    let is_other = is_member || is_parameter || is_after_two(':');
    (is_path && !is_other).then_some(Found { path, line, is_macro })
}

fn is_sign(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(found)) if found.as_char() == sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_members_parameters_and_variables() {
        let tokens = "$crate::a::f(b, c.d(), $e, Type, g(h), 1 ..= x::Y, r#mod::k) [name! {}] $l::m, V::<u8>::new(), ::n::o, 0..end(), p: q()";
        let found = paths(tokens.parse().unwrap());
        let names: Vec<String> = found.iter().map(|found| found.path.join("::")).collect();
        assert_eq!(names, ["crate::a::f", "Type", "g", "x::Y", "mod::k", "name", "V", "end", "q"]);
        assert!(found.iter().all(|found| found.line == 1));
        assert!(found.iter().all(|found| found.is_macro == (found.path == ["name"])));
    }
}
