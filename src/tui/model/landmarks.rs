//! Published nets among the candidates of a search. Must not know how they are drawn. Invariant: they have scores of
//! the search's kind, and are what it might have found.

use super::network::view_of_preset;
use crate::{
    anatomy::Anatomy,
    arch::{Costs, MOST_LATENCIES, Structure, costs},
    run::RunSpec,
    space::{Budgets, published_name, published_nets},
};

/// A published net with its score.
#[derive(Clone, Debug)]
pub struct PublishedScore {
    pub name: String,
    pub structure: Structure,
    pub score: f64,
    pub costs: Costs,
}

/// None where scores are measured: those of published nets would have to be, too.
pub fn landmarks(spec: &RunSpec) -> Vec<PublishedScore> {
    if !spec.scores_in_closed_form() {
        return Vec::new();
    }
    let preset = &spec.preset;
    let budgets = Budgets { latency_ms: [None; MOST_LATENCIES], ..preset.budgets() };
    let view = view_of_preset(preset);
    let task = (preset.space.resolution, preset.space.classes);
    let nets = published_nets().filter(|net| (net.resolution, net.classes) == task);
    let scored = nets.map(|net| {
        let costs = costs(&net.structure, preset.search_space().net(), budgets.counting);
        let score = Anatomy::of(&net.structure, &view).score();
        let structure = net.structure.clone();
        PublishedScore { name: published_name(net.name), structure, score, costs }
    });
    scored.filter(|net| budgets.broken(&net.costs).is_none() && net.score.is_finite()).collect()
}
