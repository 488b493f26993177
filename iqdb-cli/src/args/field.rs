//! A field, said in a word.

use iqdb::{Element, Error, ErrorKind, Field, FieldKind, Path, Result};

const FORMS: &str = "NAME:DIM:METRIC, NAME:DIM:METRIC:ELEMENT, NAME:sparse:METRIC, NAME:text:ANALYZER or \
                     NAME:text:ANALYZER:PATH";

/// `title:384:cosine`, `image:512:dot:f16`, `terms:sparse:dot`, `body:text:words` or
/// `body:text:words:document.body`.
pub(super) fn field(text: &str) -> Result<Field> {
    let parts: Vec<&str> = text.split(':').collect();
    if let [name, "text", analyzer, source @ ..] = parts.as_slice() {
        let field = Field::text(*name, analyzer.parse()?)?;
        return match source {
            [] => Ok(field),
            source => field.with_source(source.join(":").parse::<Path>()?),
        };
    }
    let (name, kind) = match parts.as_slice() {
        [name, "sparse", metric] => (name, FieldKind::Sparse { metric: metric.parse()? }),
        [name, dim, metric] => (name, dense(dim, metric, Element::F32)?),
        [name, dim, metric, element] => (name, dense(dim, metric, element.parse()?)?),
        _ => return Err(unread(FORMS, text)),
    };
    Field::new(*name, kind)
}

fn dense(dim: &str, metric: &str, element: Element) -> Result<FieldKind> {
    let expected = "a number of components or bits, or sparse";
    let dim = dim.parse().map_err(|_| unread(expected, dim))?;
    Ok(FieldKind::Dense { dim, metric: metric.parse()?, element })
}

fn unread(expected: &'static str, found: &str) -> Error {
    Error::new(ErrorKind::InvalidSchema, "this is no field").expected(expected).found(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_a_name_and_a_kind() {
        for (text, printed) in [
            ("title:384:cosine", "384 components of f32, cosine"),
            ("image:512:dot:f16", "512 components of f16, dot"),
            ("small:8:euclidean:i8", "8 components of i8, euclidean"),
            ("bits:1024:hamming:binary", "1024 bits, hamming"),
            ("terms:sparse:dot", "sparse, dot"),
            ("body:text:words", "text, words/1"),
            ("body:text:words/1:body", "text, words/1"),
            ("body:text:english", "text, english/1"),
            ("body:text:german/1", "text, german/1"),
            ("body:text:words:a.`b:c`", "text, words/1, of a.`b:c`"),
        ] {
            let field = field(text).unwrap();
            let name = text.split(':').next().unwrap();
            assert_eq!(field.to_string(), format!("{name}: {printed}"));
        }
    }

    #[test]
    fn what_is_no_field_says_what_is_expected() {
        let refused = [
            "title",
            "title:384",
            "title:many:cosine",
            "title:384:near",
            "title:384:cosine:f64",
            "title:0:cosine",
            "title:384:hamming",
            "bits:8:cosine:binary",
            "terms:sparse:cosine",
            ":384:cosine",
            "a:1:dot:f32:b",
            "body:text",
            ":text:words",
        ];
        let lines = refused.map(|text| {
            let error = field(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidSchema, "{text}");
            assert!(error.expectation().is_some() && error.finding().is_some(), "{text}");
            format!("{text}: {error}")
        });
        let no_path = field("body:text:words:a..b").unwrap_err();
        assert_eq!(no_path.kind(), ErrorKind::InvalidFilter);
        let no_analyzer = field("body:text:klingon").unwrap_err();
        assert_eq!(no_analyzer.kind(), ErrorKind::NotSupported);
        insta::assert_snapshot!(lines.join("\n"));
    }
}
