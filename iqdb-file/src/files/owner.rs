//! Whose file it is: ours, of which database, or a stranger's that happens to have such a name.
//!
//! Every file of a database begins with 8 bytes that say what it is, 8 of its own, and the 16 of the
//! database's id. A crash may leave a file before its first bytes are on the disk: then they are
//! zeros, or there are none.

use std::io;

use crate::format::file_name::Name;
use crate::format::wire::put_u32;
use crate::vfs::{File, FileExt};

/// How many bytes tell whose file it is.
pub(crate) const HEAD: usize = 32;

/// The format of the files that have no other: the lock, the reserve, a manifest that was only begun.
const FORMAT: u32 = 1;

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The database with this id.
    Database(u128),
    /// Not to be told: of its first bytes some are missing, as a crash leaves them, and what is there
    /// is as it should be.
    Torn,
    /// Another program: the file is not what its name says.
    Stranger,
}

impl Owner {
    /// Of a file that has this name. `ours` is the database that may have left it there in part.
    ///
    /// # Errors
    /// Those of reading it.
    pub(crate) fn of(file: &dyn File, name: Name, ours: Option<u128>) -> io::Result<Self> {
        let len = usize::try_from(file.len()?).unwrap_or(usize::MAX).min(HEAD);
        let mut head = [0; HEAD];
        file.read_exact_at(&mut head[..len], 0)?;
        Ok(Self::of_head(&head, name, ours))
    }

    fn of_head(found: &[u8; HEAD], name: Name, ours: Option<u128>) -> Self {
        let database = found.last_chunk().copied().map_or(0, u128::from_le_bytes);
        if database != 0 && found.starts_with(name.magic()) && Some(database) == ours {
            return Self::Database(database);
        }
        let whole = head(name, ours.unwrap_or(0), HEAD);
        // What lies between the magic and the id differs from file to file.
        let is_part = |(n, (found, whole)): (usize, (&u8, &u8))| {
            *found == 0 || found == whole || (8..16).contains(&n)
        };
        match () {
            () if found.iter().zip(&whole).enumerate().all(is_part) => Self::Torn,
            () if found.starts_with(name.magic()) && database != 0 => Self::Database(database),
            () => Self::Stranger,
        }
    }

    /// Whether a file of this database may be removed, or made anew in its place.
    pub(crate) fn is(self, database: u128) -> bool {
        self == Self::Database(database)
    }
}

/// The first bytes of a file that has nothing else to say, as many as asked for.
pub(crate) fn head(name: Name, database: u128, len: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len);
    bytes.extend_from_slice(name.magic());
    put_u32(&mut bytes, FORMAT);
    put_u32(&mut bytes, 0);
    bytes.extend_from_slice(&database.to_le_bytes());
    bytes.resize(len.max(HEAD), 0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(bytes: &[u8], name: Name, ours: Option<u128>) -> Owner {
        let mut head = [0; HEAD];
        head[..bytes.len()].copy_from_slice(bytes);
        Owner::of_head(&head, name, ours)
    }

    #[test]
    fn a_file_is_ours_by_its_first_bytes_and_not_by_its_name() {
        for name in [Name::Lock, Name::Reserve, Name::Manifest(1), Name::Log(2), Name::Segment(3)] {
            for ours in [None, Some(7), Some(8)] {
                assert_eq!(owner(&head(name, 7, HEAD), name, ours), Owner::Database(7));
                assert_eq!(owner(&[], name, ours), Owner::Torn);
                assert_eq!(owner(&[0; 20], name, ours), Owner::Torn);
                assert_eq!(owner(b"notes of somebody", name, ours), Owner::Stranger);
            }
            for cut in 0..HEAD {
                let (front, back) = (head(name, 7, HEAD), head(name, 7, HEAD));
                let torn = [&front[..cut], &vec![0; HEAD - cut]].concat();
                let is_whole = torn == back;
                assert_eq!(owner(&torn, name, Some(7)) == Owner::Torn, !is_whole, "{cut}");
            }
        }
        let lock = head(Name::Lock, 7, HEAD);
        assert_eq!(owner(&lock, Name::Reserve, Some(7)), Owner::Stranger);
        assert!(Owner::Database(7).is(7) && !Owner::Database(7).is(8) && !Owner::Torn.is(0));
    }
}
