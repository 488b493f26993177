//! Which column holds what, by the names in the first line.

use std::collections::HashMap;

use csv::StringRecord;
use iqdb::limits::DIM_MAX;
use iqdb::{Error, ErrorKind, Field, Result};

use crate::input::Notes;
use crate::input::rules::Rules;

/// Which column holds what.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// The names of all columns.
    pub(super) names: Vec<String>,
    pub(super) id: Option<usize>,
    /// The fields, and where their vectors are.
    pub(super) vectors: Vec<(String, VectorColumns)>,
    pub(super) payload: Vec<usize>,
}

/// Where the vectors of a field are.
#[derive(Debug)]
pub(super) enum VectorColumns {
    /// In this column, as JSON.
    One(usize),
    /// In a column per component, in their order.
    Components(Vec<usize>),
}

impl Columns {
    /// The columns of these names, among them those of the vectors of these fields. A column without a
    /// name, such as the index of a pandas frame, is left out, which is said.
    pub(super) fn of(names: &StringRecord, fields: &[Field], notes: &mut Notes) -> Result<Self> {
        let names: Vec<String> = names.iter().map(str::to_owned).collect();
        let mut of_name = HashMap::new();
        for (column, name) in names.iter().enumerate() {
            if name.is_empty() {
                notes.say(format!("Column {} has no name and is left out.", column + 1));
            } else if of_name.insert(name.as_str(), column).is_some() {
                return Err(Error::new(ErrorKind::Damaged, "two columns have the same name")
                    .expected("a name per column")
                    .found(format_args!("{name} a second time, in column {}", column + 1)));
            }
        }
        let (id, mut vectors) = (of_name.remove("id"), Vec::new());
        for field in fields {
            let name = field.name();
            let found = match of_name.remove(name) {
                Some(column) => VectorColumns::One(column),
                None if name == Field::DEFAULT && of_name.contains_key("v0") => {
                    let names = (0..DIM_MAX).map(|component| format!("v{component}"));
                    let columns = names.map_while(|name| of_name.remove(name.as_str()));
                    VectorColumns::Components(columns.collect())
                }
                None => {
                    return Err(Error::new(ErrorKind::Damaged, "no column holds the vector")
                        .expected(match name {
                            Field::DEFAULT => "a column vector, or v0, v1 and so on".to_owned(),
                            name => format!("a column {name}"),
                        })
                        .found(names.join(", ")));
                }
            };
            vectors.push((name.to_owned(), found));
        }
        let mut payload: Vec<usize> = of_name.into_values().collect();
        payload.sort_unstable();
        Ok(Self { names, id, vectors, payload })
    }

    /// Checks that the rules name columns of the payload.
    pub(super) fn check_rules(&self, rules: &Rules) -> Result<()> {
        let keys: Vec<&str> =
            self.payload.iter().map(|column| self.names[*column].as_str()).collect();
        rules.check_columns(&keys)
    }
}
