//! Objects that are objects: the reader would take `["1.50", "USD"]` for an amount as well, by the order of its members.

/// Reading and writing of sheets that derive theirs with `remote = "Self"`; a list in the place of one is refused.
macro_rules! objects {
    ($($sheet:ident),+ $(,)?) => {$(
        impl<'de> serde::Deserialize<'de> for $sheet {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Members;

                impl<'de> serde::de::Visitor<'de> for Members {
                    type Value = $sheet;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<$sheet, A::Error> {
                        $sheet::deserialize(serde::de::value::MapAccessDeserializer::new(map))
                    }
                }

                deserializer.deserialize_map(Members)
            }
        }

        impl serde::Serialize for $sheet {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, serializer)
            }
        }
    )+};
}

pub(super) use objects;
