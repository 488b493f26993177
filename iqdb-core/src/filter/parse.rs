//! The parser of the filter text: recursive descent, with bounded depth and size.

use super::{Comparison, Filter, Predicate};
use crate::limits::{FILTER_DEPTH_MAX, FILTER_TEXT_BYTES_MAX, PATH_STEPS_MAX};
use crate::path;
use crate::words::{continues_word, is_keyword, starts_word};
use crate::{DateTime, Error, ErrorKind, Location, Path, RecordId, Result, Uuid, Value, quoted};

/// Longer than any of these, so that `>=` isn't read as `>`.
const COMPARISONS: [Comparison; 6] = [
    Comparison::Le,
    Comparison::Ge,
    Comparison::Ne,
    Comparison::Eq,
    Comparison::Lt,
    Comparison::Gt,
];

const PATH_EXPECTED: &str = "a key, `not`, `(`, `@id` or `@has`";

pub(super) fn parse(text: &str) -> Result<Filter> {
    if text.len() > FILTER_TEXT_BYTES_MAX {
        return Err(Error::new(ErrorKind::InvalidFilter, "the filter text is too long")
            .expected(format_args!("at most {FILTER_TEXT_BYTES_MAX} bytes"))
            .found(format_args!("{} bytes", text.len())));
    }
    let mut parser = Parser { text, offset: 0, nesting: 0 };
    let filter = parser.filter()?;
    if !parser.rest().is_empty() {
        return Err(parser.expected("`and`, `or` or the end"));
    }
    filter.check()?;
    Ok(filter)
}

struct Parser<'a> {
    text: &'a str,
    /// Of the next character to read, in bytes.
    offset: usize,
    /// How many parentheses and `not`s are open: the depth of the recursion.
    nesting: usize,
}

impl<'a> Parser<'a> {
    fn filter(&mut self) -> Result<Filter> {
        let mut filter = self.and_filter()?;
        while self.keyword("or") {
            filter = filter.or(self.and_filter()?);
        }
        Ok(filter)
    }

    fn and_filter(&mut self) -> Result<Filter> {
        let mut filter = self.unary()?;
        while self.keyword("and") {
            filter = filter.and(self.unary()?);
        }
        Ok(filter)
    }

    fn unary(&mut self) -> Result<Filter> {
        if self.keyword("not") {
            let operand = self.nested(Self::unary)?;
            return Ok(operand.not());
        }
        if self.symbol("(") {
            let inner = self.nested(Self::filter)?;
            if !self.symbol(")") {
                return Err(self.expected("`and`, `or` or `)`"));
            }
            return Ok(inner);
        }
        self.predicate().map(Filter::from)
    }

    fn nested(&mut self, inner: fn(&mut Self) -> Result<Filter>) -> Result<Filter> {
        self.nesting += 1;
        if self.nesting > FILTER_DEPTH_MAX {
            return Err(self.error(self.offset, "the filter is nested too deeply").expected(
                format_args!("at most {FILTER_DEPTH_MAX} parentheses and `not`s inside each other"),
            ));
        }
        let filter = inner(self)?;
        self.nesting -= 1;
        Ok(filter)
    }

    fn predicate(&mut self) -> Result<Predicate> {
        if self.symbol("@") {
            if self.keyword("has") {
                return self.field().map(|field| Predicate::Has { field });
            }
            if !self.keyword("id") {
                return Err(self.expected("`id` or `has`"));
            }
            if !self.keyword("in") {
                return Err(self.expected("`in`"));
            }
            let ids = self.list(Self::id)?.into_iter().collect();
            return Ok(Predicate::IdIn { ids });
        }
        let path = self.path()?;
        if let Some(comparison) =
            COMPARISONS.into_iter().find(|comparison| self.symbol(comparison.as_str()))
        {
            return Ok(Predicate::Compare { path, comparison, value: self.value()? });
        }
        if self.keyword("in") {
            let values = self.list(Self::value)?.into_iter().collect();
            return Ok(Predicate::In { path, values });
        }
        if self.keyword("contains_text") {
            return Ok(Predicate::ContainsText { path, text: self.text_operand()? });
        }
        if self.keyword("contains") {
            return Ok(Predicate::Contains { path, value: self.value()? });
        }
        if self.keyword("starts_with") {
            return Ok(Predicate::StartsWith { path, prefix: self.text_operand()? });
        }
        if self.keyword("exists") {
            return Ok(Predicate::Exists { path });
        }
        if self.keyword("is") {
            return match self.keyword("null") {
                true => Ok(Predicate::IsNull { path }),
                false => {
                    Err(self.expected("`null`").hint("write `not KEY is null` for the opposite"))
                }
            };
        }
        Err(self.expected(
            "a comparison, `in`, `contains`, `contains_text`, `starts_with`, `exists` or `is null`",
        ))
    }

    /// The name of a field, written like a key.
    fn field(&mut self) -> Result<String> {
        self.skip_space();
        let (start, word) = (self.offset, self.peek_word());
        if word.is_empty() && !self.rest().starts_with('`') {
            return Err(self.expected("the name of a field"));
        }
        let path = self.path()?;
        let name = path.as_key().map(ToOwned::to_owned);
        name.ok_or_else(|| {
            self.error(start, "a field is one name, not a path")
                .expected("the name of a field, in backticks if it has a dot")
                .found(path)
        })
    }

    fn path(&mut self) -> Result<Path> {
        self.skip_space();
        let word = self.peek_word();
        if is_keyword(word) {
            return Err(self
                .expected(PATH_EXPECTED)
                .hint("put a key that is named like a keyword in backticks"));
        }
        if word.is_empty() && !self.rest().starts_with('`') {
            return Err(self.expected(PATH_EXPECTED));
        }
        match path::read(self.rest()) {
            Ok((path, length)) => {
                path.steps().map_err(|error| {
                    self.error(self.offset, "a path has too many steps")
                        .expected(format_args!("at most {PATH_STEPS_MAX}"))
                        .caused_by(error)
                })?;
                self.offset += length;
                Ok(path)
            }
            Err(problem) => Err(Error::new(ErrorKind::InvalidFilter, "a path can't be read")
                .at(Location::Column(self.column(self.offset) + problem.column - 1))
                .expected(problem.expected)),
        }
    }

    fn list<T>(&mut self, item: fn(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        if !self.symbol("[") {
            return Err(self.expected("`[`"));
        }
        let mut items = Vec::new();
        if self.symbol("]") {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if self.symbol("]") {
                return Ok(items);
            }
            if !self.symbol(",") {
                return Err(self.expected("`,` or `]`"));
            }
        }
    }

    fn value(&mut self) -> Result<Value> {
        const EXPECTED: &str =
            "a string in quotes, a number, `date(\"…\")`, `true`, `false` or `null`";
        self.skip_space();
        for (keyword, value) in
            [("null", Value::Null), ("true", Value::Bool(true)), ("false", Value::Bool(false))]
        {
            if self.keyword(keyword) {
                return Ok(value);
            }
        }
        if let Some(string) = self.string() {
            return string.map(Value::Text);
        }
        if self.keyword("date") {
            return self.date().map(Value::DateTime);
        }
        let start = self.offset;
        let number = self.number();
        if !number.contains(|character: char| character.is_ascii_digit()) {
            return Err(self.expected(EXPECTED));
        }
        self.offset += number.len();
        let invalid = |expected: &'static str| {
            self.error(start, "a number can't be read").expected(expected).found(number)
        };
        if number.contains(['.', 'e', 'E']) {
            return match number.parse::<f64>() {
                Ok(float) if float.is_finite() => Ok(Value::Float(float)),
                _ => Err(invalid("a finite number such as 0.5 or 1e-3")),
            };
        }
        number
            .parse()
            .map(Value::Int)
            .map_err(|_| invalid("a whole number of 64 bits, or one with a decimal point"))
    }

    /// Reads what stands behind `date`.
    fn date(&mut self) -> Result<DateTime> {
        if !self.symbol("(") {
            return Err(self.expected("`(` and a date in quotes"));
        }
        self.skip_space();
        let start = self.offset;
        let text = self.text_operand()?;
        let date = text.parse().map_err(|error| {
            self.error(start, "a date can't be read")
                .expected("a date such as 2025-01-31, or 2025-01-31T10:00:00Z")
                .found(format_args!("{text:?}"))
                .caused_by(error)
        })?;
        match self.symbol(")") {
            true => Ok(date),
            false => Err(self.expected("`)`")),
        }
    }

    fn id(&mut self) -> Result<RecordId> {
        self.skip_space();
        let start = self.offset;
        if let Some(string) = self.string() {
            return string.map(RecordId::from);
        }
        if self.keyword("uuid") {
            self.skip_space();
            let Some(text) = self.string() else {
                return Err(self.expected("a UUID in quotes"));
            };
            let text = text?;
            return Uuid::try_parse(&text).map(RecordId::from).map_err(|error| {
                self.error(start, "a UUID can't be read").found(text).caused_by(error)
            });
        }
        let number = self.number();
        if number.is_empty() {
            return Err(self.expected("an id: a number, a string in quotes or `uuid \"…\"`"));
        }
        self.offset += number.len();
        number.parse::<u64>().map(RecordId::from).map_err(|_| {
            self.error(start, "a numeric id can't be read")
                .expected(format_args!("0 to {}", u64::MAX))
                .found(number)
        })
    }

    /// Reads a string where nothing else may stand.
    fn text_operand(&mut self) -> Result<String> {
        self.skip_space();
        self.string().unwrap_or_else(|| Err(self.expected("a string in quotes")))
    }

    /// Reads a string, if a quote of either kind comes next.
    fn string(&mut self) -> Option<Result<String>> {
        let quote = self.rest().chars().next().filter(|first| matches!(first, '"' | '\''))?;
        Some(match quoted::read(quote, self.rest()) {
            Ok((string, length)) => {
                self.offset += length;
                Ok(string)
            }
            Err(problem) => {
                let column = self.column(self.offset) + problem.column - 1;
                Err(Error::new(ErrorKind::InvalidFilter, "a string can't be read")
                    .at(Location::Column(column))
                    .expected(problem.expected))
            }
        })
    }

    /// The characters ahead that could be part of a number.
    fn number(&self) -> &'a str {
        let rest = self.rest();
        let sign = usize::from(rest.starts_with('-'));
        let length = rest[sign..]
            .char_indices()
            .find(|(offset, character)| {
                let after_exponent = rest[sign..][..*offset].ends_with(['e', 'E']);
                !(character.is_ascii_alphanumeric()
                    || matches!(character, '.' | '_')
                    || (after_exponent && matches!(character, '-' | '+')))
            })
            .map_or(rest.len() - sign, |(offset, _)| offset);
        &rest[..sign + length]
    }

    /// Reads `keyword` as a whole word, in any case, if it comes next.
    fn keyword(&mut self, keyword: &str) -> bool {
        self.skip_space();
        let found = self.peek_word().eq_ignore_ascii_case(keyword);
        if found {
            self.offset += keyword.len();
        }
        found
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(symbol);
        if found {
            self.offset += symbol.len();
        }
        found
    }

    fn peek_word(&self) -> &'a str {
        let rest = self.rest();
        if !rest.starts_with(starts_word) {
            return "";
        }
        &rest[..rest.find(|character| !continues_word(character)).unwrap_or(rest.len())]
    }

    fn skip_space(&mut self) {
        self.offset = self.text.len() - self.rest().trim_start().len();
    }

    fn rest(&self) -> &'a str {
        &self.text[self.offset..]
    }

    /// What stands at the next character is not what it should be.
    fn expected(&mut self, expected: &'static str) -> Error {
        const SHOWN: usize = 20;
        self.skip_space();
        let mut shown: String = self.rest().chars().take(SHOWN).collect();
        if self.rest().chars().nth(SHOWN).is_some() {
            shown.push('…');
        }
        let error = self.error(self.offset, "the text can't be read").expected(expected);
        match shown.is_empty() {
            true => error.found("the end"),
            false => error.found(format_args!("`{shown}`")),
        }
    }

    fn error(&self, offset: usize, message: &'static str) -> Error {
        Error::new(ErrorKind::InvalidFilter, message).at(Location::Column(self.column(offset)))
    }

    fn column(&self, offset: usize) -> usize {
        self.text[..offset].chars().count() + 1
    }
}
