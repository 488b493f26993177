//! Which backends `--backend` means: by the name a harness reports, or by its package.
//!
//! Pure. A name that no backend has is an error, or a typo would test nothing and look green.

use super::column::Column;
use crate::Result;
use crate::workspace::Package;

/// The packages to run. Only a run tells how the harnesses call themselves, so a name that is no
/// package's makes all of them run.
pub(crate) fn packages<'a>(backends: &[&'a Package], names: &[String]) -> Vec<&'a Package> {
    let named = |package: &Package| names.iter().any(|name| is_package(name, &package.name));
    let all_known =
        names.iter().all(|name| backends.iter().any(|package| is_package(name, &package.name)));
    let all = names.is_empty() || !all_known;
    backends.iter().copied().filter(|package| all || named(package)).collect()
}

/// The columns to show.
pub(crate) fn columns(columns: Vec<Column>, names: &[String]) -> Result<Vec<Column>> {
    let means = |name: &String, column: &Column| {
        *name == column.backend || is_package(name, &column.package)
    };
    if let Some(unknown) = names.iter().find(|name| !columns.iter().any(|c| means(name, c))) {
        let known: Vec<_> =
            columns.iter().map(|c| format!("{} (of {})", c.backend, c.package)).collect();
        return Err(format!(
            "there is no backend `{unknown}`; the backends are {}",
            known.join(", ")
        ));
    }
    let shown = |column: &Column| names.is_empty() || names.iter().any(|name| means(name, column));
    Ok(columns.into_iter().filter(shown).collect())
}

fn is_package(name: &str, package: &str) -> bool {
    name == package || package.strip_prefix("iqdb-") == Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::fake;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn backends_of(columns: &[Column]) -> Vec<&str> {
        columns.iter().map(|column| column.backend.as_str()).collect()
    }

    fn sample() -> Vec<Column> {
        vec![
            Column::empty("memory", "iqdb-memory"),
            Column::empty("memory-arc", "iqdb-memory"),
            Column::empty("durable", "iqdb-file"),
        ]
    }

    #[test]
    fn a_package_name_runs_only_that_package() {
        let (memory, file) = (fake::package("iqdb-memory", &[]), fake::package("iqdb-file", &[]));
        let all = [&memory, &file];
        let run = |wanted: &[&str]| -> Vec<&str> {
            packages(&all, &names(wanted)).iter().map(|package| package.name.as_str()).collect()
        };
        assert_eq!(run(&["memory"]), ["iqdb-memory"]);
        assert_eq!(run(&["iqdb-file"]), ["iqdb-file"]);
        assert_eq!(run(&[]), ["iqdb-memory", "iqdb-file"]);
        assert_eq!(run(&["durable"]), ["iqdb-memory", "iqdb-file"]);
    }

    #[test]
    fn columns_are_chosen_by_backend_or_package() {
        let chosen = |wanted: &[&str]| columns(sample(), &names(wanted)).unwrap();
        assert_eq!(backends_of(&chosen(&["memory"])), ["memory", "memory-arc"]);
        assert_eq!(backends_of(&chosen(&["memory-arc", "durable"])), ["memory-arc", "durable"]);
        assert_eq!(chosen(&[]).len(), 3);
    }

    #[test]
    fn an_unknown_name_names_the_known_ones() {
        let error = columns(sample(), &names(&["arena"])).unwrap_err();
        assert_eq!(
            error,
            "there is no backend `arena`; the backends are memory (of iqdb-memory), \
             memory-arc (of iqdb-memory), durable (of iqdb-file)"
        );
    }
}
