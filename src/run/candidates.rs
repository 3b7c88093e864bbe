//! Every candidate that a run gave a score, long after: the search is asked again and answered from its journal.
//! Of a run that was cut off, the journal may know more than a viewer had seen by then.
//!
//! Must not know what becomes of a row. Invariant: a score is the one that the candidate had last, to the bit,
//! and rows come in the order of their ids.

use std::{collections::HashMap, path::Path, sync::Arc};

use thiserror::Error;

use super::{
    engine::{Extent, Listener, retell},
    protocol::Confirmed,
    spec::StartError,
    store::{Past, Picture, Summary, past},
    table::Candidate,
};
use crate::{
    search::{Applied, Counts},
    text::FileError,
};

/// Why a run can't be told again.
#[derive(Debug, Error)]
pub enum RetellError {
    #[error("{0}")]
    File(#[from] FileError),
    #[error("the run can't be told again: {0}")]
    Start(#[from] StartError),
}

/// What there was to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retold {
    /// Candidates with a score.
    pub scored: u64,
    /// Those without.
    pub failed: u64,
    /// What is wrong with the journal where it breaks off.
    pub damage: Option<FileError>,
    /// Scores that the run itself counted, where its summary can be read: more than were told where its journal
    /// has lost some.
    pub counted: Option<u64>,
}

/// Hands over every candidate of the run in `folder` that has a score or failed to get one, in the order of their
/// ids, until `take` says that it is enough. A run that goes on meanwhile is told as far as it has come.
///
/// # Errors
/// Files that aren't there, were changed, or are of another version; settings that can't be started here.
pub fn each_candidate(
    folder: &Path,
    take: &mut dyn FnMut(&Candidate<'_>) -> bool,
) -> Result<Retold, RetellError> {
    let summary = Summary::read(folder).ok();
    let Past { spec, history, is_over, damage } = past(folder)?;
    let most = match is_over {
        true => None,
        false => Some(summary.as_ref().map_or(0, |summary| summary.proposed)),
    };
    let retell = |has_ending, listener: Listener<'_>| -> Result<Counts, RetellError> {
        let extent = Extent { most, has_ending };
        Ok(retell(spec.clone(), history.clone(), extent, listener)?)
    };
    // Who is scored again has another score in the end, and is told of with that one.
    let mut last = HashMap::new();
    let is_scored_again = spec.preset.score.elites > 0 || !history.tuned.is_empty();
    if is_scored_again || !history.planned.is_empty() {
        retell(false, &mut |change, population, renewals| {
            match change {
                Applied::Rescored(member) => {
                    last.insert(member.id, (Arc::clone(member), renewals));
                }
                Applied::Renewed { .. } => {
                    let members = population.members().iter();
                    last.extend(members.map(|m| (m.id, (Arc::clone(m), renewals))));
                }
                _ => {}
            }
            true
        })?;
    }
    let confirmed = confirmed(folder);
    let mut told = Retold { scored: 0, failed: 0, damage, counted: None };
    let counts = retell(true, &mut |change, _, renewals| match change {
        Applied::Entered(member) | Applied::TooLow(member) | Applied::Outdated(member) => {
            told.scored += 1;
            let (member, renewal) =
                last.get(&member.id).map_or((member, renewals), |(member, n)| (member, *n));
            take(&Candidate::scored(member, renewal, confirmed.get(&member.id)))
        }
        Applied::Failed { id, reason, candidate: Some(candidate) } => {
            told.failed += 1;
            take(&Candidate::failed(*id, candidate, reason))
        }
        Applied::Failed { candidate: None, .. }
        | Applied::Rescored(_)
        | Applied::RescoreFailed { .. }
        | Applied::Gate(_)
        | Applied::Renewed { .. } => true,
    })?;
    told.counted = summary.map(|summary| summary.scored.saturating_sub(counts.rescored));
    Ok(told)
}

/// Of the last confirmation, by id.
fn confirmed(folder: &Path) -> HashMap<u64, Confirmed> {
    // Without it the rows lack what they can do without.
    let updates = Picture::read(folder).map_or_else(|_| Vec::new(), |picture| picture.updates);
    let snapshot = updates.into_iter().rev().find_map(|update| match update {
        super::protocol::Update::Snapshot(snapshot) => Some(snapshot),
        _ => None,
    });
    let finalists = snapshot.map_or_else(Vec::new, |snapshot| snapshot.confirmation.clone());
    finalists.into_iter().map(|finalist| (finalist.id, finalist)).collect()
}
