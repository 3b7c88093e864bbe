//! Which candidates are wanted: terms such as `params<0.9M score>120 has:K7`, all of which must hold.
//! Pure. Must not know screens. Invariant: an error points at the characters it is about.

use std::{collections::BTreeMap, fmt, ops::Range, sync::Arc};

use crate::{
    arch::{Block, BlockKind},
    run::protocol::Member,
    space::Size,
    text::nearest,
};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq)]
enum Term {
    Compare(Quantity, Relation, f64),
    Has(Part),
    Marked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantity {
    Score,
    Params,
    Flops,
    Layers,
    Age,
    Generation,
    Gain,
    Id,
    Parent,
    LogDelta,
}

impl Quantity {
    /// With other spellings.
    const NAMES: [(&'static str, Quantity); 14] = [
        ("score", Quantity::Score),
        ("params", Quantity::Params),
        ("flops", Quantity::Flops),
        ("layers", Quantity::Layers),
        ("depth", Quantity::Layers),
        ("l", Quantity::Layers),
        ("age", Quantity::Age),
        ("gen", Quantity::Generation),
        ("generation", Quantity::Generation),
        ("gain", Quantity::Gain),
        ("id", Quantity::Id),
        ("parent", Quantity::Parent),
        ("logdelta", Quantity::LogDelta),
        ("log_delta", Quantity::LogDelta),
    ];

    /// None where the candidate has none.
    fn of(self, member: &Member, proposed: u64) -> Option<f64> {
        match self {
            Quantity::Score => Some(member.score.value),
            Quantity::Params => Some(member.costs.params as f64),
            Quantity::Flops => Some(member.costs.flops as f64),
            Quantity::Layers => Some(f64::from(member.costs.layers)),
            Quantity::Age => Some(proposed.saturating_sub(member.id) as f64),
            Quantity::Generation => Some(f64::from(member.generation)),
            Quantity::Gain => member.gain,
            Quantity::Id => Some(member.id as f64),
            Quantity::Parent => member.parent.map(|id| id as f64),
            Quantity::LogDelta => member.score.log_delta,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Less,
    AtMost,
    Equal,
    AtLeast,
    More,
    Not,
}

impl Relation {
    /// The longer before the shorter that they begin with.
    const SIGNS: [(&'static str, Relation); 7] = [
        ("<=", Relation::AtMost),
        (">=", Relation::AtLeast),
        ("!=", Relation::Not),
        ("==", Relation::Equal),
        ("<", Relation::Less),
        (">", Relation::More),
        ("=", Relation::Equal),
    ];

    fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Relation::Less => a < b,
            Relation::AtMost => a <= b,
            Relation::Equal => a == b,
            Relation::AtLeast => a >= b,
            Relation::More => a > b,
            Relation::Not => a != b,
        }
    }
}

/// What a structure may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Kernel(u32),
    Expansion(u32),
    /// Residual blocks of two k×k convs, of bottlenecks, of inverted bottlenecks.
    KxKx,
    K1KxK1,
    Idw,
}

impl Part {
    const NAMES: [(&'static str, Part); 11] = [
        ("K1", Part::Kernel(1)),
        ("K3", Part::Kernel(3)),
        ("K5", Part::Kernel(5)),
        ("K7", Part::Kernel(7)),
        ("E1", Part::Expansion(1)),
        ("E2", Part::Expansion(2)),
        ("E4", Part::Expansion(4)),
        ("E6", Part::Expansion(6)),
        ("KxKx", Part::KxKx),
        ("K1KxK1", Part::K1KxK1),
        ("IDW", Part::Idw),
    ];

    fn is_in(self, block: &Block) -> bool {
        match (self, block.kind) {
            (Part::Kernel(side), kind) => kind.kernel().side() == side,
            (Part::Expansion(factor), BlockKind::Idw(e, _)) => e.factor() == factor,
            (Part::KxKx, BlockKind::KxKx(_))
            | (Part::K1KxK1, BlockKind::K1KxK1(_))
            | (Part::Idw, BlockKind::Idw(..)) => true,
            (Part::Expansion(_) | Part::KxKx | Part::K1KxK1 | Part::Idw, _) => false,
        }
    }
}

/// What is wrong with a filter, and where, in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    pub at: Range<usize>,
    pub message: String,
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Filter {
    /// # Errors
    /// The first term that can't be understood.
    pub fn parse(text: &str) -> Result<Filter, FilterError> {
        let mut terms = Vec::new();
        let mut start = 0;
        for piece in text.split(' ') {
            let length = piece.chars().count();
            if length > 0 {
                let at = start..start + length;
                terms.push(term(piece).map_err(|message| FilterError { at, message })?);
            }
            start += length + 1;
        }
        Ok(Filter { terms })
    }

    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether `member` is wanted, after so many proposals and with these marked.
    pub fn admits(
        &self,
        member: &Member,
        proposed: u64,
        marks: &BTreeMap<u64, Arc<Member>>,
    ) -> bool {
        self.terms.iter().all(|term| match term {
            Term::Compare(quantity, relation, value) => {
                quantity.of(member, proposed).is_some_and(|own| relation.holds(own, *value))
            }
            Term::Has(part) => member.structure.blocks().iter().any(|block| part.is_in(block)),
            Term::Marked => marks.contains_key(&member.id),
        })
    }
}

fn term(text: &str) -> Result<Term, String> {
    if let Some(id) = text.strip_prefix('#') {
        let id = id.replace(',', "").parse::<u32>();
        let id = id.map_err(|_| format!("'{text}' is no candidate, such as #42591"))?;
        return Ok(Term::Compare(Quantity::Id, Relation::Equal, f64::from(id)));
    }
    if let Some(part) = text.strip_prefix("has:") {
        let found = Part::NAMES.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(part));
        return match found {
            Some((_, part)) => Ok(Term::Has(part)),
            None => Err(match nearest(part, Part::NAMES.map(|(name, _)| name)) {
                Some((name, _)) if !part.is_empty() => {
                    format!("no block is called '{part}'; has:{name}?")
                }
                _ => "has: K3, K5, K7, E6, KxKx, K1KxK1 or IDW".to_owned(),
            }),
        };
    }
    if let Some(what) = text.strip_prefix("is:") {
        return match what {
            "marked" => Ok(Term::Marked),
            _ => Err("is:marked is all there is".to_owned()),
        };
    }
    let found = Relation::SIGNS
        .into_iter()
        .filter_map(|(sign, relation)| Some((text.find(sign)?, sign, relation)))
        .min_by_key(|(at, sign, _)| (*at, std::cmp::Reverse(sign.len())));
    let Some((at, sign, relation)) = found else {
        return Err(format!("'{text}' says nothing; such as params<0.9M, score>120, has:K7"));
    };
    let (name, value) = (&text[..at], &text[at + sign.len()..]);
    let lower = name.to_ascii_lowercase();
    let quantity = Quantity::NAMES.into_iter().find(|(known, _)| *known == lower);
    let Some((_, quantity)) = quantity else {
        let near = nearest(&lower, Quantity::NAMES.map(|(name, _)| name));
        return Err(match near {
            Some((near, _)) if !name.is_empty() => format!("nothing is called '{name}'; {near}?"),
            _ => "what is compared? score, params, flops, layers, age, gain".to_owned(),
        });
    };
    Ok(Term::Compare(quantity, relation, number(value)?))
}

/// A number, or a size with its suffix.
fn number(text: &str) -> Result<f64, String> {
    let plain = text.replace([',', '_', '#'], "").replace('−', "-");
    if let Ok(value) = plain.parse::<f64>()
        && value.is_finite()
    {
        return Ok(value);
    }
    let size = plain.parse::<Size>().map(|size| size.0 as f64);
    size.map_err(|_| match text {
        "" => "compared with what? a number or a size such as 0.9M".to_owned(),
        _ => format!("'{text}' is no number and no size such as 0.9M"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::fixture;

    fn admitted(text: &str) -> Vec<u64> {
        let filter = Filter::parse(text).expect("a filter");
        let snapshot = fixture::snapshot();
        let marked = &snapshot.population[3];
        let marks = BTreeMap::from([(marked.id, Arc::clone(marked))]);
        let members = snapshot.population.iter();
        let wanted = members.filter(|m| filter.admits(m, snapshot.proposed, &marks));
        wanted.map(|member| member.id).collect()
    }

    #[test]
    fn terms_narrow_the_population() {
        let snapshot = fixture::snapshot();
        let all = &snapshot.population;
        assert_eq!(admitted("").len(), all.len());
        let cheap = admitted("params<0.9M");
        let expected: Vec<u64> =
            all.iter().filter(|m| m.costs.params < 900_000).map(|m| m.id).collect();
        assert_eq!(cheap, expected);
        assert!(!cheap.is_empty() && cheap.len() < all.len());
        let both = admitted("params<0.9M  has:k7");
        assert!(both.iter().all(|id| cheap.contains(id)) && both.len() < cheap.len());
        assert_eq!(admitted("is:marked"), [all[3].id]);
        assert_eq!(admitted(&format!("#{}", all[5].id)), [all[5].id]);
        assert!(admitted("layers>18").is_empty());
        assert_eq!(admitted("score>=0 depth!=18").len() + admitted("L=18").len(), all.len());
    }

    #[test]
    fn errors_point_at_their_term() {
        let error = |text: &str| Filter::parse(text).expect_err("wrong");
        let typo = error("score>1  parms<0.9M");
        assert_eq!(
            (typo.at.clone(), typo.message.as_str()),
            (9..19, "nothing is called 'parms'; params?")
        );
        assert!(error("params<").message.starts_with("compared with what?"));
        assert!(error("params<many").message.contains("'many' is no number"));
        assert!(error("has:K8").message.contains("has:K"));
        assert!(error("big").message.contains("'big' says nothing"));
        assert!(error("is:new").message.contains("is:marked"));
        assert!(error("#x").message.contains("no candidate"));
        assert!(error("score>NaN").message.contains("no number"));
    }
}
