//! The list of defects, in parts by what they are about. The last ones are of defects that no case
//! catches yet.

#[macro_use]
mod writes;
#[macro_use]
mod reads;
#[macro_use]
mod searches;

#[macro_use]
mod bulk;
#[macro_use]
mod counts;
#[macro_use]
mod crashes;
#[macro_use]
mod equals;
#[macro_use]
mod further;
#[macro_use]
mod fusions;
#[macro_use]
mod ids;
#[macro_use]
mod large_batches;
#[macro_use]
mod not_yet;
#[macro_use]
mod questions;
#[macro_use]
mod races;
#[macro_use]
mod reopened;
#[macro_use]
mod scale;
#[macro_use]
mod texts;
#[macro_use]
mod values;
