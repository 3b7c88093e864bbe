//! Which proxy judges, or which do together.
//!
//! Owns: how that is written. Must not know which proxies there are, or what ranks are: a run does. Invariant: text
//! and value are one another's; a combination names each of its proxies once, heaviest first, so that the order
//! in which it was written decides nothing.

use std::{collections::BTreeSet, fmt, ops::RangeInclusive, str::FromStr};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, MapAccess, Visitor},
};

use crate::text::printable;

/// Proxies that a combination may have.
const MOST_PARTS: usize = 16;
/// Sizes of weights; only what they are to each other counts.
const WEIGHTS: RangeInclusive<f64> = 1e-3..=1e3;

/// What networks are judged by. TOML has it as `"zen"` or as `{ zen = 1.0, naswot = 0.5 }`; `zen=1,naswot=0.5` is
/// the same in one word.
#[derive(Clone, Debug, PartialEq)]
pub enum ProxyChoice {
    /// By its name: its scores are what it measures.
    One(String),
    /// By rank.
    Combination(Combination),
}

/// Proxies that judge together, by rank.
#[derive(Clone, Debug, PartialEq)]
pub struct Combination {
    parts: Vec<WeightedProxy>,
}

/// A proxy of a combination.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightedProxy {
    pub name: String,
    /// Below 0 where less of it is better; never 0.
    pub weight: f64,
}

impl ProxyChoice {
    /// The proxy of that name, alone.
    pub fn one(name: &str) -> ProxyChoice {
        ProxyChoice::One(name.to_owned())
    }

    /// The name of a proxy that judges alone.
    pub fn alone(&self) -> Option<&str> {
        match self {
            ProxyChoice::One(name) => Some(name),
            ProxyChoice::Combination(_) => None,
        }
    }

    /// All that it names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let (one, several) = match self {
            ProxyChoice::One(name) => (Some(name.as_str()), [].as_slice()),
            ProxyChoice::Combination(combination) => (None, combination.parts()),
        };
        one.into_iter().chain(several.iter().map(|part| part.name.as_str()))
    }

    /// As a preset says it best.
    pub fn to_toml(&self) -> String {
        match self {
            ProxyChoice::One(name) => toml::Value::String(name.clone()).to_string(),
            ProxyChoice::Combination(combination) => {
                let part = |p: &WeightedProxy| format!("{} = {}", p.name, p.weight);
                let parts: Vec<String> = combination.parts.iter().map(part).collect();
                format!("{{ {} }}", parts.join(", "))
            }
        }
    }
}

impl Combination {
    /// # Errors
    /// No proxies or too many, what is no name, a name that stands twice, a weight that can't be one.
    pub fn new(mut parts: Vec<WeightedProxy>) -> Result<Combination, String> {
        if parts.is_empty() {
            return Err("names no proxy: expected such as { zen = 1.0, naswot = 0.5 }".to_owned());
        }
        if parts.len() > MOST_PARTS {
            return Err(format!("{} proxies are more than {MOST_PARTS}", parts.len()));
        }
        let mut seen = BTreeSet::new();
        for WeightedProxy { name, weight } in &parts {
            let is_of_names = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if name.is_empty() || !name.chars().all(is_of_names) {
                return Err(format!("'{}' is no proxy's name", printable(name)));
            }
            check_weight(*weight).map_err(|why| format!("{name}: {why}"))?;
            if !seen.insert(name.as_str()) {
                return Err(format!("{name} stands twice"));
            }
        }
        parts.sort_by(|a, b| {
            let heavier = b.weight.abs().total_cmp(&a.weight.abs());
            heavier.then_with(|| a.name.cmp(&b.name))
        });
        Ok(Combination { parts })
    }

    /// Heaviest first.
    pub fn parts(&self) -> &[WeightedProxy] {
        &self.parts
    }
}

fn check_weight(weight: f64) -> Result<(), String> {
    match WEIGHTS.contains(&weight.abs()) {
        true => Ok(()),
        false => Err(format!(
            "{weight} can't be a weight: expected {} to {} in size, below 0 for less of it",
            WEIGHTS.start(),
            WEIGHTS.end()
        )),
    }
}

impl fmt::Display for ProxyChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProxyChoice::One(name) => f.write_str(name),
            ProxyChoice::Combination(Combination { parts }) => {
                for (i, WeightedProxy { name, weight }) in parts.iter().enumerate() {
                    let comma = if i == 0 { "" } else { "," };
                    write!(f, "{comma}{name}={weight}")?;
                }
                Ok(())
            }
        }
    }
}

impl FromStr for ProxyChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<ProxyChoice, String> {
        if !text.contains(['=', ',']) {
            return Ok(ProxyChoice::one(text));
        }
        let part = |part: &str| {
            let shown = printable(part.trim());
            let (name, weight) = part.split_once('=').ok_or_else(|| {
                format!("'{shown}' has no weight: expected such as zen=1,naswot=0.5")
            })?;
            let weight = weight.trim().parse().map_err(|_| {
                format!("'{shown}' has no number as its weight: expected such as zen=1,naswot=0.5")
            })?;
            Ok(WeightedProxy { name: name.trim().to_owned(), weight })
        };
        let parts = text.split(',').map(part).collect::<Result<_, String>>()?;
        Combination::new(parts).map(ProxyChoice::Combination)
    }
}

/// In one word wherever it is kept, so that whoever reads old files reads these.
impl Serialize for ProxyChoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ProxyChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ProxyChoice, D::Error> {
        deserializer.deserialize_any(ChoiceVisitor)
    }
}

struct ChoiceVisitor;

impl<'de> Visitor<'de> for ChoiceVisitor {
    type Value = ProxyChoice;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a proxy's name, or weights by rank such as { zen = 1.0, naswot = 0.5 }")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ProxyChoice, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ProxyChoice, A::Error> {
        let mut parts = Vec::new();
        while let Some((name, Weight(weight))) = map.next_entry()? {
            parts.push(WeightedProxy { name, weight });
        }
        Combination::new(parts).map(ProxyChoice::Combination).map_err(A::Error::custom)
    }
}

/// Checked by itself, so that an error has the place where it stands.
struct Weight(f64);

impl<'de> Deserialize<'de> for Weight {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Weight, D::Error> {
        let weight = f64::deserialize(deserializer)?;
        check_weight(weight).map_err(D::Error::custom)?;
        Ok(Weight(weight))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> ProxyChoice {
        text.parse().expect("a choice")
    }

    #[test]
    fn one_word_or_a_table() {
        #[derive(Deserialize)]
        struct Score {
            proxy: ProxyChoice,
        }
        let of = |text: &str| toml::from_str::<Score>(text).expect("reads").proxy;
        assert_eq!(of("proxy = 'zen'"), ProxyChoice::one("zen"));
        for text in [
            "proxy = { zen = 1.0, naswot = 0.5 }",
            "proxy = { naswot = 0.5, zen = 1 }",
            "proxy.zen = 1\nproxy.naswot = 0.5",
            "[proxy]\nnaswot = 0.5\nzen = 1",
            "proxy = 'zen=1,naswot=0.5'",
            "proxy = 'naswot = 0.5, zen = 1.0'",
        ] {
            let choice = of(text);
            assert_eq!(choice.to_string(), "zen=1,naswot=0.5", "{text}");
            assert_eq!(choice.to_toml(), "{ zen = 1, naswot = 0.5 }");
            assert_eq!(choice.names().collect::<Vec<_>>(), ["zen", "naswot"]);
            assert_eq!(of(&format!("proxy = {}", choice.to_toml())), choice);
        }
        assert_eq!(serde_json::to_string(&parsed("a=-1,b=2")).expect("prints"), r#""b=2,a=-1""#);
        assert_eq!(parsed("params=-1").alone(), None);
        assert_eq!(parsed("params").alone(), Some("params"));
    }

    #[test]
    fn what_is_no_choice_says_why() {
        let error = |text: &str| text.parse::<ProxyChoice>().expect_err("no choice");
        assert!(error("zen=1,naswot").starts_with("'naswot' has no weight: "));
        assert!(error("zen,naswot").starts_with("'zen' has no weight: "));
        assert!(error("zen=much").starts_with("'zen=much' has no number as its weight: "));
        assert_eq!(error("zen=1,zen=2"), "zen stands twice");
        assert!(error("zen=0").starts_with("zen: 0 can't be a weight: expected 0.001 to 1000"));
        for weight in ["inf", "NaN", "-1e9", "0.0001"] {
            assert!(error(&format!("zen={weight}")).contains("can't be a weight"), "{weight}");
        }
        assert_eq!(error("=1"), "'' is no proxy's name");
        let many: Vec<String> = (0..17).map(|i| format!("p{i}=1")).collect();
        assert_eq!(error(&many.join(",")), "17 proxies are more than 16");
        assert!(serde_json::from_str::<ProxyChoice>("{}").is_err());
        assert!(serde_json::from_str::<ProxyChoice>("3").is_err());
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read(
            parts in proptest::collection::btree_map("[a-z][a-z0-9-]{0,12}", (1e-3..1e3, any::<bool>()), 1..9)
        ) {
            let signed = |(weight, less): (f64, bool)| if less { -weight } else { weight };
            let part = |(name, weight)| WeightedProxy { name, weight: signed(weight) };
            let combination = Combination::new(parts.into_iter().map(part).collect());
            let choice = ProxyChoice::Combination(combination.expect("valid"));
            prop_assert_eq!(parsed(&choice.to_string()), choice.clone());
            let json = serde_json::to_string(&choice).expect("prints");
            prop_assert_eq!(serde_json::from_str::<ProxyChoice>(&json).expect("reads"), choice);
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}") {
            if let Ok(choice) = text.parse::<ProxyChoice>() {
                prop_assert_eq!(parsed(&choice.to_string()), choice);
            }
        }
    }
}
