//! The list of defects, in parts by what they are about. The last ones are of defects that no case
//! catches yet.

#[macro_use]
mod writes;
#[macro_use]
mod reads;
#[macro_use]
mod searches;
