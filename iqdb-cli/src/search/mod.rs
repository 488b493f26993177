//! `iqdb search`: the records nearest to one vector or to many.

mod show;

use std::io::{self, BufReader};

use iqdb::{Hit, Hits, Iqdb, Query, RecordId, Result, Vector};

use crate::args::SearchArgs;
use crate::database;
use crate::exit::Failure;
use crate::get::not_there;
use crate::input::{self, VectorLines, Vectors};
use crate::screen::Screen;

/// How many queries are answered in one go.
const BATCH_QUERIES: usize = 64;

/// Asks what is asked for, and shows the hits as they are found.
///
/// # Errors
/// [`Failure::Negative`] for a record to search for that is not there; those of the files, of the
/// database and of the output.
pub(crate) fn run(args: &SearchArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let database = database::open_read_only(&args.database)?;
    if let Some(id) = &args.like {
        let Some(record) = database.get(id)? else {
            return Err(not_there(id, 1, 1).into());
        };
        let mut answers = Answers::new(args, screen);
        return answers.ask(&database, &[record.vector], &[id.to_string()], Some(id));
    }
    // An interactive user gets each answer before the next question.
    let (mut vectors, batch): (Box<dyn Vectors>, _) = match &args.vector {
        Some(path) => (input::open_vectors(path)?, BATCH_QUERIES),
        None => {
            let lines = VectorLines::new("standard input", BufReader::new(io::stdin()), 0);
            (Box::new(lines), 1)
        }
    };
    let mut answers = Answers::new(args, screen);
    loop {
        let (mut queries, mut names) = (Vec::new(), Vec::new());
        while queries.len() < batch {
            let Some(vector) = vectors.next_vector()? else { break };
            database
                .schema()
                .check_vector(vector.as_ref())
                .map_err(|error| vectors.place().of(vectors.name(), error))?;
            queries.push(vector);
            names.push(format!("{} of {}", vectors.place(), vectors.name()));
        }
        if queries.is_empty() {
            return Ok(());
        }
        answers.ask(&database, &queries, &names, None)?;
    }
}

/// What has been answered so far.
struct Answers<'a, 's> {
    args: &'a SearchArgs,
    screen: &'a mut Screen<'s>,
    buffers: Vec<Hits>,
    queries: usize,
}

impl<'a, 's> Answers<'a, 's> {
    fn new(args: &'a SearchArgs, screen: &'a mut Screen<'s>) -> Self {
        Self { args, screen, buffers: Vec::new(), queries: 0 }
    }

    /// Asks for what is near each vector and shows it; `like` is the record that the vector is of.
    fn ask(
        &mut self,
        database: &Iqdb,
        vectors: &[Vector],
        names: &[String],
        like: Option<&RecordId>,
    ) -> Result<(), Failure> {
        let args = self.args;
        // The record itself comes among the first, and is not what was asked for.
        let k = args.k.saturating_add(usize::from(like.is_some()));
        let queries: Vec<_> = vectors
            .iter()
            .map(|vector| {
                let query = Query::nearest(vector.as_ref(), k).payload(true).threads(args.threads);
                args.filter.as_ref().map_or(query, |filter| query.filter(filter))
            })
            .collect();
        self.buffers.resize_with(queries.len(), Hits::new);
        database.search_batch(&queries, &mut self.buffers)?;
        for (hits, name) in self.buffers.iter().zip(names) {
            let mut hits: Vec<Hit> =
                hits.to_vec().into_iter().filter(|hit| Some(&hit.id) != like).collect();
            hits.truncate(args.k);
            if args.json {
                show::json(self.screen, self.queries, &hits)?;
            } else {
                show::table(self.screen, name, &hits)?;
            }
            self.queries += 1;
        }
        self.screen.out.flush()?;
        Ok(())
    }
}
