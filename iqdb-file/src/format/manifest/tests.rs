//! Manifests read back, and what is no manifest is refused.

use iqdb_core::{Computation, FieldKind, Limits, Metric};

use super::*;

fn full() -> Manifest {
    let entry = |number, rows, dead: Vec<u32>| Entry {
        info: SegmentInfo { number, rows, seal: Seal { file_len: 9, hash: 10 } },
        columns: Vec::new(),
        dead,
    };
    let lengths =
        |name: &str| Field::new(name, FieldKind::Computed(Computation::TextLengths)).unwrap();
    let schema = Schema::new(384, Metric::Dot).unwrap();
    let schema = [lengths("title"), lengths("body")]
        .into_iter()
        .fold(schema, |schema, field| Limits::default().add_field(&schema, field).unwrap());
    let column = |field: u8| ColumnInfo {
        field,
        number: 5 + u64::from(field),
        seal: Seal { file_len: 11, hash: field.into() },
    };
    Manifest {
        number: 12,
        database: 0x0123_4567_89ab_cdef,
        schema,
        version: Version(77),
        chain: 78,
        log: 13,
        log_end: Some(LogEnd { offset: 400, chain: 79 }),
        open_segment: 14,
        next: 15,
        segments: vec![
            entry(3, 100, vec![]),
            Entry { columns: vec![column(1), column(2)], ..entry(4, 100, vec![0, 7, 99]) },
            entry(5, 100, (0..100).filter(|row| row % 3 > 0).collect()),
        ],
    }
}

#[test]
fn a_manifest_reads_back() {
    let path = Path::new("manifest");
    for manifest in [full(), Manifest::first(full().schema, 1, Version(0))] {
        assert_eq!(Manifest::decode(&manifest.encode(), path).unwrap(), manifest);
    }
}

#[test]
fn any_flipped_bit_and_any_cut_is_an_error() {
    let (bytes, path) = (full().encode(), Path::new("manifest"));
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let kind = Manifest::decode(&flipped, path).unwrap_err().kind();
        assert!(matches!(kind, ErrorKind::Damaged | ErrorKind::NotSupported), "bit {bit}");
    }
    for len in 0..bytes.len() {
        let kind = Manifest::decode(&bytes[..len], path).unwrap_err().kind();
        assert_eq!(kind, ErrorKind::Damaged, "{len} bytes");
    }
    let longer: Vec<u8> = bytes.iter().chain(&bytes).copied().collect();
    assert!(Manifest::decode(&longer, path).is_err());
}

#[test]
fn a_checksum_alone_makes_no_manifest() {
    let (bytes, path) = (full().encode(), Path::new("manifest"));
    for at in 0..bytes.len() - CHECKSUM {
        let mut forged = bytes[..bytes.len() - CHECKSUM].to_vec();
        forged[at] = forged[at].wrapping_add(0x7f);
        let checksum = xxh3_64(&forged);
        put_u64(&mut forged, checksum);
        // Whatever it says now, reading it ends, and ends without a panic.
        let _ = Manifest::decode(&forged, path);
    }
}

#[test]
fn numbers_that_files_can_not_have_are_refused() {
    let path = Path::new("manifest");
    let wrong: [fn(&mut Manifest); 8] = [
        |manifest| manifest.next = manifest.number,
        |manifest| manifest.open_segment = manifest.log,
        |manifest| manifest.open_segment = manifest.segments[1].info.number,
        |manifest| manifest.segments[0].info.number = manifest.segments[1].info.number,
        |manifest| manifest.segments[0].info.number = u64::MAX,
        |manifest| manifest.next = u64::MAX,
        |manifest| manifest.version = Version(0),
        |manifest| manifest.log_end = Some(LogEnd { offset: 0, chain: 79 }),
    ];
    for change in wrong {
        let mut manifest = full();
        change(&mut manifest);
        let error = Manifest::decode(&manifest.encode(), path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged, "{manifest:?}");
    }
}

#[test]
fn columns_that_can_not_be_are_refused() {
    let path = Path::new("manifest");
    let wrong: [fn(&mut Vec<ColumnInfo>); 6] = [
        |columns| columns[0].number = columns[1].number,
        |columns| columns[0].number = u64::MAX,
        |columns| columns[0].field = 0,
        |columns| columns[0].field = 2,
        |columns| columns[1].field = 3,
        |columns| columns.reverse(),
    ];
    for change in wrong {
        let mut manifest = full();
        change(&mut manifest.segments[1].columns);
        let error = Manifest::decode(&manifest.encode(), path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged, "{manifest:?}");
    }
}

#[test]
fn a_computation_that_this_build_lacks_is_not_supported() {
    let path = Path::new("manifest-7");
    let mut bytes = full().encode();
    let name = b"text_lengths/1";
    let at = bytes.windows(name.len()).position(|found| found == name).unwrap();
    bytes[at + name.len() - 1] = b'2';
    bytes.truncate(bytes.len() - CHECKSUM);
    let checksum = xxh3_64(&bytes);
    put_u64(&mut bytes, checksum);
    let error = Manifest::decode(&bytes, path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotSupported);
    let text = error.to_string();
    assert!(text.contains("manifest-7"), "{text}");
}

#[test]
fn a_later_format_is_refused_by_name() {
    let mut bytes = full().encode();
    bytes[8] = 9;
    let error = Manifest::decode(&bytes, Path::new("manifest")).unwrap_err();
    assert_eq!((error.kind(), error.finding()), (ErrorKind::NotSupported, Some("format 9")));
}

#[test]
fn an_earlier_format_is_refused_by_name() {
    let mut bytes = full().encode();
    bytes.truncate(bytes.len() - CHECKSUM);
    bytes[8] = 1;
    let checksum = xxh3_64(&bytes);
    put_u64(&mut bytes, checksum);
    let error = Manifest::decode(&bytes, Path::new("manifest")).unwrap_err();
    assert_eq!((error.kind(), error.finding()), (ErrorKind::NotSupported, Some("format 1")));
}
