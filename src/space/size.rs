//! Sizes as people write them in presets: `1_000_000`, `"1.0M"`, `"400 M"`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A count of parameters, FLOPs or bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

const SUFFIXES: [(char, f64); 4] = [('k', 1e3), ('M', 1e6), ('G', 1e9), ('T', 1e12)];

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Size, String> {
        let refuse = || {
            let shown: String = text.chars().take(40).collect();
            format!("'{shown}' is no size; write 1_000_000, \"1.0M\", \"400M\" or \"1.5G\"")
        };
        let trimmed = text.trim();
        let (number, scale) = match trimmed.chars().last() {
            Some(last) => match SUFFIXES.iter().find(|(s, _)| s.eq_ignore_ascii_case(&last)) {
                Some((suffix, scale)) => (&trimmed[..trimmed.len() - suffix.len_utf8()], *scale),
                None => (trimmed, 1.0),
            },
            None => return Err(refuse()),
        };
        let digits = number.trim().replace(['_', ','], "");
        let value: f64 = digits.parse().map_err(|_| refuse())?;
        let size = (value * scale).round();
        // 2^53: beyond it an f64 no longer holds every whole number.
        if !(0.0..=9_007_199_254_740_992.0).contains(&size) {
            return Err(refuse());
        }
        Ok(Size(size as u64))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Size, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Size;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size such as 1_000_000 or \"1.0M\"")
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Size, E> {
                Ok(Size(value))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Size, E> {
                u64::try_from(value).map(Size).map_err(|_| E::custom("a size can't be negative"))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Size, E> {
                self.visit_str(&value.to_string())
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Size, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, size) in [
            ("1_000_000", 1_000_000),
            ("1.0M", 1_000_000),
            ("400 M", 400_000_000),
            ("65.5k", 65_500),
            ("1.5G", 1_500_000_000),
            ("1,031,185", 1_031_185),
            ("0", 0),
        ] {
            assert_eq!(text.parse(), Ok(Size(size)), "{text}");
        }
        for text in ["", "M", "1.0Q", "-3", "1e300", "NaN", "infM", "1 2é"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
