//! `iqdb create`: a new, empty database.

use iqdb::{Element, Field, FieldKind, Schema};

use crate::args::CreateArgs;
use crate::database;
use crate::exit::Failure;
use crate::screen::{Screen, printable};

/// Makes the database.
///
/// # Errors
/// A schema that no database can have; a directory that is there already or can't be made.
pub(crate) fn run(args: &CreateArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let default = match (args.dim, args.metric) {
        (Some(dim), Some(metric)) => {
            let kind = FieldKind::Dense { dim, metric, element: Element::F32 };
            Some(Field::new(Field::DEFAULT, kind)?)
        }
        _ => None,
    };
    let fields: Vec<_> = default.into_iter().chain(args.field.iter().cloned()).collect();
    let schema = Schema::from_fields(fields)?;
    database::create(&args.database, schema.clone())?;
    let fields = match schema.fields() {
        [field] if field.name() == Field::DEFAULT => field.kind().to_string(),
        _ => printable(&schema.to_string()),
    };
    writeln!(screen.out, "Created {}: {fields}.", args.database.display())?;
    Ok(())
}
