//! `iqdb search`: the records nearest to one vector or to many, or with the best texts for some words.

mod further;
mod hybrid;
mod show;

use std::io::{self, BufReader};

use iqdb::text::TextQuery;
use iqdb::{
    Computation, Error, ErrorKind, Explain, Field, FieldKind, Hit, Hits, Input, Iqdb, Query,
    RecordId, Result, Schema, Scratch,
};

use crate::args::SearchArgs;
use crate::exit::{Failure, Negative};
use crate::get::not_there;
use crate::input::{self, VectorLines, Vectors};
use crate::screen::Screen;
use crate::{database, filter_keys};

/// How many queries are answered in one go.
const BATCH_QUERIES: usize = 64;

/// Asks what is asked for, and shows the hits as they are found.
///
/// # Errors
/// [`Failure::Negative`] for a record to search for that is not there; those of the files, of the
/// database and of the output.
pub(crate) fn run(args: &SearchArgs, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let database = database::open_read_only(&args.database)?;
    if args.filter.is_some() {
        filter_keys::say_unknown(args.filter.as_ref(), &*database.snapshot()?, screen)?;
    }
    if let Some(words) = &args.text {
        let field = texts_of(&database.schema(), args.field.as_deref())?;
        let text = TextQuery::of(&database.schema(), Some(field.name()), words)?;
        let mut answers = Answers::new(args, screen, &field);
        return answers.ask(&database, &[Input::Text(&text)], std::slice::from_ref(words), None);
    }
    let names = args.field.as_slice();
    let field = input::one(&database.schema(), names)?;
    if let Some(id) = &args.like {
        let Some(record) = database.get(id)? else {
            return Err(not_there(id, 1, 1).into());
        };
        let Some(vector) = record.vector(field.name()) else {
            return Err(lacks(id, &field).into());
        };
        let mut answers = Answers::new(args, screen, &field);
        return answers.ask(&database, &[vector.into()], &[id.to_string()], Some(id));
    }
    // An interactive user gets each answer before the next question.
    let (mut vectors, batch): (Box<dyn Vectors>, _) = match &args.vector {
        Some(path) => (input::open_vectors(path, &field)?, BATCH_QUERIES),
        None => {
            let input = BufReader::new(io::stdin());
            (Box::new(VectorLines::new("standard input", input, 0, field.name())), 1)
        }
    };
    let mut answers = Answers::new(args, screen, &field);
    loop {
        let (mut queries, mut names) = (Vec::new(), Vec::new());
        while queries.len() < batch {
            let Some(vector) = vectors.next_vector()? else { break };
            database
                .schema()
                .check_vector(field.name(), Some(vector.as_ref()))
                .map_err(|error| vectors.place().of(vectors.name(), error))?;
            queries.push(vector);
            names.push(format!("{} of {}", vectors.place(), vectors.name()));
        }
        if queries.is_empty() {
            return Ok(());
        }
        let inputs: Vec<Input<'_>> = queries.iter().map(|it| it.as_ref().into()).collect();
        answers.ask(&database, &inputs, &names, None)?;
    }
}

/// The text field of this name, or the only one.
fn texts_of(schema: &Schema, name: Option<&str>) -> Result<Field> {
    let is_text =
        |field: &&Field| matches!(field.kind(), FieldKind::Computed(Computation::Text(_)));
    match (name, schema.fields().iter().filter(is_text).collect::<Vec<_>>().as_slice()) {
        (Some(name), _) => Ok(schema.fields()[schema.field(name)?.index()].clone()),
        (None, [field]) => Ok((*field).clone()),
        (None, fields) => {
            let names: Vec<&str> = fields.iter().map(|field| field.name()).collect();
            Err(Error::new(ErrorKind::UnknownField, "which texts to search is not clear")
                .expected("one text field, or --field")
                .found(match names.as_slice() {
                    [] => "a database without any".to_owned(),
                    names => names.join(", "),
                })
                .hint("iqdb add-field DATABASE body:text:words makes one of the texts of a key"))
        }
    }
}

/// Says that a record has no vector to search for.
fn lacks(id: &RecordId, field: &Field) -> Negative {
    Negative {
        answer: format!("the record {id} has no vector of the field {}", field.name()),
        hint: "search for a vector with --vector or --stdin".into(),
    }
}

/// What has been answered so far.
struct Answers<'a, 's> {
    args: &'a SearchArgs,
    screen: &'a mut Screen<'s>,
    field: &'a Field,
    buffers: Vec<Hits>,
    scratch: Scratch,
    queries: usize,
}

impl<'a, 's> Answers<'a, 's> {
    fn new(args: &'a SearchArgs, screen: &'a mut Screen<'s>, field: &'a Field) -> Self {
        Self { args, screen, field, buffers: Vec::new(), scratch: Scratch::new(), queries: 0 }
    }

    /// Asks for what is near each vector, or says the words, and shows it; `like` is the record that the
    /// vector is of.
    fn ask(
        &mut self,
        database: &Iqdb,
        inputs: &[Input<'_>],
        names: &[String],
        like: Option<&RecordId>,
    ) -> Result<(), Failure> {
        let args = self.args;
        if let Some(words) = &args.hybrid {
            return self.ask_hybrid(database, inputs, (names, words), like);
        }
        if further::is_wanted(args) {
            for (input, name) in inputs.iter().zip(names) {
                let (of, asked) = ((self.field, like), (self.queries, *input, name.as_str()));
                further::ask(database, args, of, asked, self.screen)?;
                self.queries += 1;
            }
            self.screen.out.flush()?;
            return Ok(());
        }
        // The record itself comes among the first, and is not what was asked for.
        let k = args.k.saturating_add(usize::from(like.is_some()));
        let queries: Vec<_> = inputs
            .iter()
            .map(|input| {
                let query = Query::nearest(*input, k)
                    .with_field(self.field.name())
                    .with_payload(true)
                    .with_threads(args.threads);
                args.filter.as_ref().map_or(query, |filter| query.with_filter(filter))
            })
            .collect();
        self.buffers.resize_with(queries.len(), Hits::new);
        let explain = database.search_batch(&queries, &mut self.buffers, &mut self.scratch)?;
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
        self.explained(&explain)
    }

    /// Asks for what is near each vector and has the words, and shows it.
    fn ask_hybrid(
        &mut self,
        database: &Iqdb,
        inputs: &[Input<'_>],
        (names, words): (&[String], &str),
        like: Option<&RecordId>,
    ) -> Result<(), Failure> {
        let args = self.args;
        let texts = texts_of(&database.schema(), args.text_field.as_deref())?;
        for (input, name) in inputs.iter().zip(names) {
            let fields = [self.field.name(), texts.name()];
            let fused = hybrid::ask(database, args, fields, (*input, words), like)?;
            if args.json {
                show::fused_json(self.screen, self.queries, &fused.hits)?;
            } else {
                let title = format!("{name} and {words}");
                show::fused_table(self.screen, &title, fields, &fused.hits)?;
            }
            self.queries += 1;
            self.explained(&fused.explain)?;
        }
        Ok(())
    }

    /// Says what was done, if that is wanted.
    fn explained(&mut self, explain: &Explain) -> Result<(), Failure> {
        self.screen.out.flush()?;
        if self.args.explain {
            writeln!(self.screen.err, "{explain}")?;
        }
        Ok(())
    }
}
