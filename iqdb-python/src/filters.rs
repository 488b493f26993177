//! Filters: as text, whose parsed form is kept for the next call, or built with `key(…)`.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use iqdb::filter::Comparison;
use iqdb::{Error, ErrorKind, Path, Predicate};
use pyo3::basic::CompareOp;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::errors::{Result, type_name};
use crate::{ids, values};

/// How many texts are kept, parsed.
const TEXTS_KEPT: usize = 256;

/// The filters of the texts that were asked before.
#[derive(Default)]
pub(crate) struct FilterCache(Mutex<HashMap<String, iqdb::Filter>>);

impl FilterCache {
    /// The filter that `where` is: None, a text, or a filter.
    pub(crate) fn read(
        &self,
        condition: Option<&Bound<'_, PyAny>>,
    ) -> Result<Option<iqdb::Filter>> {
        let Some(condition) = condition.filter(|condition| !condition.is_none()) else {
            return Ok(None);
        };
        if let Ok(filter) = condition.cast::<Filter>() {
            return Ok(Some(filter.get().0.clone()));
        }
        let Ok(text) = condition.cast::<PyString>() else {
            return Err(Error::new(ErrorKind::InvalidFilter, "this is no filter")
                .expected("a text such as `lang = \"en\"`, or iqdb.key(\"lang\") == \"en\"")
                .found(type_name(condition))
                .into());
        };
        self.parse(text.to_str()?).map(Some)
    }

    fn parse(&self, text: &str) -> Result<iqdb::Filter> {
        let mut parsed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(filter) = parsed.get(text) {
            return Ok(filter.clone());
        }
        let filter: iqdb::Filter = text.parse()?;
        if parsed.len() >= TEXTS_KEPT {
            parsed.clear();
        }
        parsed.insert(text.to_owned(), filter.clone());
        Ok(filter)
    }
}

/// A condition on records: of a text, or built with `key`. Joined with `&`, `|` and `~`.
///
/// >>> import iqdb
/// >>> iqdb.Filter("lang = 'en' and year >= 2020")
/// Filter(lang = "en" and year >= 2020)
/// >>> (iqdb.key("lang") == "en") & ~iqdb.key("tags").contains("draft")
/// Filter(lang = "en" and not tags contains "draft")
#[pyclass(frozen, module = "iqdb")]
pub(crate) struct Filter(iqdb::Filter);

impl Filter {
    fn checked(filter: iqdb::Filter) -> Result<Self> {
        filter.check()?;
        Ok(Self(filter))
    }
}

#[pymethods]
impl Filter {
    #[new]
    fn new(text: &str) -> Result<Self> {
        Ok(Self(text.parse()?))
    }

    fn __and__(&self, other: &Bound<'_, Self>) -> Result<Self> {
        Self::checked(self.0.clone().and(other.get().0.clone()))
    }

    fn __or__(&self, other: &Bound<'_, Self>) -> Result<Self> {
        Self::checked(self.0.clone().or(other.get().0.clone()))
    }

    fn __invert__(&self) -> Result<Self> {
        Self::checked(self.0.clone().not())
    }

    fn __bool__(&self) -> PyResult<bool> {
        Err(PyTypeError::new_err(
            "a filter is true or false of records, not by itself: join filters with &, | and ~, \
             each in parentheses",
        ))
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().0 == self.0)
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        PyString::new(py, &self.0.to_string()).hash()
    }

    /// The text, which reads back as the same filter.
    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("Filter({})", self.0)
    }
}

/// A key of payloads, or a path such as `authors[].name`, to be compared: the result is a `Filter`.
#[pyclass(frozen, module = "iqdb")]
pub(crate) struct Key(Path);

/// The values at a path of keys: `author.name` goes into a map, `authors[].name` through a list.
///
/// With `literal`, the text is one key as it is, with its dots.
///
/// >>> import iqdb
/// >>> iqdb.key("year") >= 2020
/// Filter(year >= 2020)
/// >>> iqdb.key("authors").each()["name"] == "Ada"
/// Filter(authors[].name = "Ada")
#[pyfunction]
#[pyo3(signature = (path, *, literal=false))]
pub(crate) fn key(path: &str, literal: bool) -> Result<Key> {
    if literal {
        let path = Path::key(path);
        path.check()?;
        return Ok(Key(path));
    }
    Ok(Key(path.parse()?))
}

/// Records that have a vector of this field.
///
/// >>> import iqdb
/// >>> iqdb.has("image")
/// Filter(@has image)
#[pyfunction]
pub(crate) fn has(field: &str) -> Result<Filter> {
    Filter::checked(iqdb::Filter::has(field))
}

/// Records whose id is one of these.
///
/// >>> import iqdb
/// >>> iqdb.id_in([7, "b"])
/// Filter(@id in [7, "b"])
#[pyfunction]
pub(crate) fn id_in(ids: &Bound<'_, PyAny>) -> Result<Filter> {
    Filter::checked(iqdb::Filter::id_in(ids::many(ids)?))
}

impl Key {
    fn filter(&self, make: impl FnOnce(Path) -> Predicate) -> Result<Filter> {
        Filter::checked(make(self.0.clone()).into())
    }
}

#[pymethods]
impl Key {
    fn __richcmp__(&self, other: &Bound<'_, PyAny>, operator: CompareOp) -> Result<Filter> {
        let comparison = match operator {
            CompareOp::Eq => Comparison::Eq,
            CompareOp::Ne => Comparison::Ne,
            CompareOp::Lt => Comparison::Lt,
            CompareOp::Le => Comparison::Le,
            CompareOp::Gt => Comparison::Gt,
            CompareOp::Ge => Comparison::Ge,
        };
        let value = values::value(other)?;
        self.filter(|path| Predicate::Compare { path, comparison, value })
    }

    /// The value equals one of these.
    fn is_in(&self, options: &Bound<'_, PyAny>) -> Result<Filter> {
        let options = options.try_iter()?.map(|option| values::value(&option?));
        let options = options.collect::<Result<Vec<_>>>()?;
        self.filter(|path| Predicate::In { path, values: options.into_iter().collect() })
    }

    /// The value is a list with an element that equals this.
    fn contains(&self, element: &Bound<'_, PyAny>) -> Result<Filter> {
        let value = values::value(element)?;
        self.filter(|path| Predicate::Contains { path, value })
    }

    /// The value is a text that begins so.
    fn starts_with(&self, prefix: String) -> Result<Filter> {
        self.filter(|path| Predicate::StartsWith { path, prefix })
    }

    /// The value is a text with this somewhere in it.
    fn contains_text(&self, text: String) -> Result<Filter> {
        self.filter(|path| Predicate::ContainsText { path, text })
    }

    /// There is a value, None or not.
    fn exists(&self) -> Result<Filter> {
        self.filter(|path| Predicate::Exists { path })
    }

    /// The value is there and None.
    fn is_null(&self) -> Result<Filter> {
        self.filter(|path| Predicate::IsNull { path })
    }

    /// The key of the map at this path.
    fn __getitem__(&self, key: &str) -> Result<Self> {
        let path = self.0.clone().then(key);
        path.check()?;
        Ok(Self(path))
    }

    /// Each element of the list at this path.
    fn each(&self) -> Result<Self> {
        let path = self.0.clone().each();
        path.check()?;
        Ok(Self(path))
    }

    fn __repr__(&self) -> String {
        format!("key({})", self.0)
    }
}

/// The path in a text.
pub(crate) fn path(text: &str) -> Result<Path> {
    Ok(text.parse()?)
}
