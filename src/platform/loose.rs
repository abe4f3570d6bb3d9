//! Reading what engines answer without insisting on it.
//!
//! * A field that is missing, null or of another type than expected is the type's default; nothing fails over it.
//! * Nothing is built for what is not read.
//!
//! Engines differ, and are newer than this program: one odd field of one container must not hide all the others.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Implements the visits that say nothing to a reader: the value is skipped, the answer is the default.
macro_rules! ignore {
    ($($kind:ident)*) => { $(ignore!(@ $kind);)* };
    (@ bool) => { fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> { Ok(Default::default()) } };
    (@ int) => {
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> { Ok(Default::default()) }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> { Ok(Default::default()) }
    };
    (@ float) => { fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> { Ok(Default::default()) } };
    (@ text) => { fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> { Ok(Default::default()) } };
    (@ null) => { fn visit_unit<E>(self) -> Result<Self::Value, E> { Ok(Default::default()) } };
    (@ seq) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Default::default())
        }
    };
    (@ map) => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Default::default())
        }
    };
}

/// Reads a text; anything else is none.
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    struct Reader;
    impl<'de> Visitor<'de> for Reader {
        type Value = Option<String>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("anything")
        }
        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok((!text.is_empty()).then(|| text.to_owned()))
        }
        ignore!(bool int float null seq map);
    }
    from.deserialize_any(Reader)
}

/// Reads a whole number, also one written as a float; anything else is none.
pub(super) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    struct Reader;
    impl<'de> Visitor<'de> for Reader {
        type Value = Option<i64>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("anything")
        }
        fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
            Ok(Some(number))
        }
        fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
            Ok(Some(i64::try_from(number).unwrap_or(i64::MAX)))
        }
        fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
            // `as` saturates.
            Ok(number.is_finite().then_some(number as i64))
        }
        ignore!(bool text null seq map);
    }
    from.deserialize_any(Reader)
}

/// Reads true or false; anything else is none.
pub(super) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    struct Reader;
    impl<'de> Visitor<'de> for Reader {
        type Value = Option<bool>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("anything")
        }
        fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
            Ok(Some(flag))
        }
        ignore!(int float text null seq map);
    }
    from.deserialize_any(Reader)
}

/// Reads an object into a struct; anything else is the struct's default.
pub(super) fn object<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    struct Reader<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for Reader<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("anything")
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
        ignore!(bool int float text null seq);
    }
    from.deserialize_any(Reader(PhantomData))
}

/// Reads a list of objects; anything else is an empty list, and what is no object in it the struct's default.
pub(super) fn objects<'de, D, T>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    struct Reader<T>(PhantomData<T>);
    struct One<T>(T);
    impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for One<T> {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            object(from).map(One)
        }
    }
    impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for Reader<T> {
        type Value = Vec<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("anything")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
            let mut all = Vec::new();
            while let Some(One(one)) = seq.next_element()? {
                all.push(one);
            }
            Ok(all)
        }
        ignore!(bool int float text null map);
    }
    from.deserialize_any(Reader(PhantomData))
}

struct Maybe(Option<String>);

impl<'de> Deserialize<'de> for Maybe {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        text(from).map(Maybe)
    }
}

/// Reads a list of texts; what is no text in it is left out.
pub(super) fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    struct Reader;
    impl<'de> Visitor<'de> for Reader {
        type Value = Vec<String>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("anything")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(Maybe(text)) = seq.next_element()? {
                all.extend(text);
            }
            Ok(all)
        }
        ignore!(bool int float text null map);
    }
    from.deserialize_any(Reader)
}

/// Reads names with texts, in the order written. A value that is no text is an empty one.
pub(super) fn pairs<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(String, String)>, D::Error> {
    struct Reader;
    impl<'de> Visitor<'de> for Reader {
        type Value = Vec<(String, String)>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("anything")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::with_capacity(map.size_hint().unwrap_or(0).min(64));
            while let Some((key, Maybe(value))) = map.next_entry::<String, Maybe>()? {
                all.push((key, value.unwrap_or_default()));
            }
            Ok(all)
        }
        ignore!(bool int float text null seq);
    }
    from.deserialize_any(Reader)
}

/// Reads the names of an object, in the order written, and skips what they name.
pub(super) fn names<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    struct Reader;
    impl<'de> Visitor<'de> for Reader {
        type Value = Vec<String>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("anything")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some((key, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
                all.push(key);
            }
            Ok(all)
        }
        ignore!(bool int float text null seq);
    }
    from.deserialize_any(Reader)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Inner {
        #[serde(deserialize_with = "number")]
        n: Option<i64>,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct All {
        #[serde(deserialize_with = "text")]
        t: Option<String>,
        #[serde(deserialize_with = "flag")]
        f: Option<bool>,
        #[serde(deserialize_with = "object")]
        o: Inner,
        #[serde(deserialize_with = "objects")]
        l: Vec<Inner>,
        #[serde(deserialize_with = "texts")]
        s: Vec<String>,
        #[serde(deserialize_with = "pairs")]
        p: Vec<(String, String)>,
        #[serde(deserialize_with = "names")]
        k: Vec<String>,
    }

    #[test]
    fn what_fits_is_read() {
        let all: All = serde_json::from_str(
            r#"{"t":"x","f":true,"o":{"n":3},"l":[{"n":1},{"n":2.0}],"s":["a","b"],"p":{"a":"1"},"k":{"8/tcp":null},"new":[{}]}"#,
        )
        .unwrap();
        assert_eq!((all.t.as_deref(), all.f, all.o.n), (Some("x"), Some(true), Some(3)));
        assert_eq!(all.l, [Inner { n: Some(1) }, Inner { n: Some(2) }]);
        assert_eq!((all.s, all.k), (vec!["a".into(), "b".into()], vec!["8/tcp".to_owned()]));
        assert_eq!(all.p, [("a".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn a_field_of_any_other_type_is_its_default() {
        for odd in
            ["null", "true", "-1", "18446744073709551615", "1e400", "\"\"", "[[{}],1]", "{\"a\":{\"b\":[]}}"]
        {
            for key in ["t", "f", "o", "l", "s", "p", "k"] {
                let text = format!(r#"{{"{key}":{odd},"z":1}}"#);
                // Only a number that no float holds is no JSON for the reader.
                let read: Result<All, _> = serde_json::from_str(&text);
                assert!(read.is_ok() || odd == "1e400", "{text}: {read:?}");
            }
        }
        let all: All = serde_json::from_str(r#"{"l":[1,{"n":"x"},null],"s":[1,"a"],"p":{"a":1}}"#).unwrap();
        assert_eq!(all.l.len(), 3);
        assert_eq!((all.s, all.p), (vec!["a".to_owned()], vec![("a".to_owned(), String::new())]));
    }
}
