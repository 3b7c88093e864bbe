//! Where children are made and judged: moves, costs and the analytic score, each carried forward from
//! the first block that a mutation changed. The hot path of a search; it allocates nothing once its
//! buffers have grown.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use super::{Moves, Rejection};
use crate::{
    analytic::{BlockScore, Model, State},
    arch::{Block, BlockKind, CostCounter, Costs, Kernel, MapSide, PartCosts, Shape},
    latency::Clock,
    random::Stream,
    score::Score,
    space::{Budget, Budgets, Constraints, Draft, Mover, Space},
};

/// Shrinking steps after which a child that still doesn't fit is given up.
const MOST_REPAIRS: u32 = 64;

/// Blocks whose costs are remembered; a few hundred occur again and again.
const MEMORY: usize = 4_096;

/// A block in its place with what it costs.
#[derive(Clone, Copy, Debug)]
struct Counted {
    block: Block,
    map: MapSide,
    next: MapSide,
    costs: PartCosts,
}

impl Counted {
    /// Of no block: none takes maps without pixels.
    const NOTHING: Counted = Counted {
        block: Block {
            kind: BlockKind::Conv(Kernel::K1),
            in_channels: 0,
            out_channels: 0,
            stride: 0,
            bottleneck: 0,
            sub_layers: 0,
        },
        map: MapSide { real: 0, floored: 0 },
        next: MapSide { real: 0, floored: 0 },
        costs: PartCosts::NOTHING,
    };

    fn is_of(&self, block: &Block, map: MapSide) -> bool {
        self.block == *block && self.map == map
    }
}

/// What a block of a member adds to it, for its children to take over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    counted: Counted,
    /// None where there is no analytic score.
    score: Option<Scored>,
}

/// A block's part of the analytic score, with what entered it.
#[derive(Clone, Copy, Debug)]
struct Scored {
    state: State,
    /// Side of the maps, which need not be those that costs are counted on.
    side: u32,
    score: BlockScore,
}

/// How a parent is known here.
#[derive(Clone, Copy)]
pub(super) struct Parent<'a> {
    pub blocks: &'a [Block],
    pub parts: &'a [Part],
}

#[derive(Clone, Debug)]
pub(super) struct Workshop {
    mover: Mover,
    constraints: Constraints,
    counter: CostCounter,
    clock: Option<Arc<Clock>>,
    budgets: Budgets,
    model: Option<Arc<Model>>,
    pub draft: Draft,
    /// Of the draft, block by block: what it costs, which part of the parent it took over, and, once
    /// that was asked for, how it scores.
    counted: Vec<Counted>,
    origins: Vec<Option<usize>>,
    scored: Vec<Scored>,
    /// By hash; what comes later takes the place.
    memory: Box<[Counted]>,
}

impl Workshop {
    pub(super) fn new(
        space: &Space,
        budgets: &Budgets,
        clock: Option<Arc<Clock>>,
        model: Option<Arc<Model>>,
    ) -> Workshop {
        Workshop {
            mover: Mover::new(space),
            constraints: space.constraints().clone(),
            counter: CostCounter { spec: *space.net(), counting: budgets.counting },
            clock,
            budgets: *budgets,
            model,
            draft: Draft::default(),
            counted: Vec::new(),
            origins: Vec::new(),
            scored: Vec::new(),
            memory: vec![Counted::NOTHING; MEMORY].into(),
        }
    }

    /// Makes a child of `parent` in the draft: one published move where `seedling`, else as `moves`
    /// say.
    ///
    /// # Errors
    /// What it breaks.
    pub(super) fn make(
        &mut self,
        parent: Parent,
        moves: &Moves,
        seedling: bool,
        stream: &mut Stream,
    ) -> Result<Costs, Rejection> {
        let draws = if seedling { 1 } else { moves.draws };
        if !seedling && is_drawn(moves.small, stream) {
            self.mover.small(parent.blocks, stream, &mut self.draft);
        } else {
            self.mover.published(parent.blocks, draws, stream, &mut self.draft);
        }
        if moves.repair { self.repaired(parent, stream) } else { self.judge(parent.parts) }
    }

    /// Takes `blocks` for the child, without a move.
    ///
    /// # Errors
    /// What it breaks.
    pub(super) fn take(&mut self, blocks: &[Block], parts: &[Part]) -> Result<Costs, Rejection> {
        self.set(blocks);
        self.judge(parts)
    }

    /// What `blocks` cost, within the budgets or not.
    pub(super) fn count(&mut self, blocks: &[Block]) -> Costs {
        self.set(blocks);
        self.costs(&[])
    }

    fn set(&mut self, blocks: &[Block]) {
        self.draft.blocks.clear();
        self.draft.blocks.extend_from_slice(blocks);
    }

    fn judge(&mut self, relative: &[Part]) -> Result<Costs, Rejection> {
        // Half of all published children are too deep, which is seen without counting.
        if self.budgets.layers.is_some_and(|most| self.depth() > most) {
            return Err(Rejection::Budget(Budget::Layers));
        }
        if let Some(constraint) = self.constraints.broken(&self.draft.blocks) {
            return Err(Rejection::Constraint(constraint));
        }
        let costs = self.costs(relative);
        self.within(costs)
    }

    fn repaired(&mut self, parent: Parent, stream: &mut Stream) -> Result<Costs, Rejection> {
        if let Ok(costs) = self.judge(parent.parts) {
            return Ok(costs);
        }
        self.mover.conform(&mut self.draft);
        while self.budgets.layers.is_some_and(|most| self.depth() > most) {
            if !self.mover.shrink_depth(&mut self.draft, stream) {
                return Err(Rejection::Budget(Budget::Layers));
            }
        }
        let mut costs = self.costs(parent.parts);
        for _ in 0..MOST_REPAIRS {
            let Some(ratio) = self.budgets.ratio(&costs) else { break };
            self.mover.shrink_width(&mut self.draft, ratio, stream);
            self.mover.conform(&mut self.draft);
            costs = self.costs(parent.parts);
        }
        self.draft.note_changes(parent.blocks);
        if let Some(constraint) = self.constraints.broken(&self.draft.blocks) {
            return Err(Rejection::Constraint(constraint));
        }
        self.within(costs)
    }

    fn within(&self, costs: Costs) -> Result<Costs, Rejection> {
        match self.budgets.broken(&costs) {
            None => Ok(costs),
            Some(budget) => Err(Rejection::Budget(budget)),
        }
    }

    /// Sub-layers of the draft.
    fn depth(&self) -> u32 {
        self.draft.blocks.iter().map(|block| block.sub_layers).sum()
    }

    /// Counts the draft, taking over what it shares with `relative`.
    fn costs(&mut self, relative: &[Part]) -> Costs {
        self.counted.clear();
        self.origins.clear();
        self.scored.clear();
        let mut map = self.counter.input();
        let mut sum = PartCosts::NOTHING;
        for (index, block) in self.draft.blocks.iter().enumerate() {
            // Blocks that came or went have moved those behind them.
            let moved = (index + relative.len()).checked_sub(self.draft.blocks.len());
            let is_same = |i: &usize| relative.get(*i).is_some_and(|p| p.counted.is_of(block, map));
            let origin = Some(index).filter(is_same).or_else(|| moved.filter(is_same));
            let counted = match origin {
                Some(origin) => &relative[origin].counted,
                None => {
                    let place = &mut self.memory[place_of(block, map)];
                    if !place.is_of(block, map) {
                        let (mut costs, next) = self.counter.block(block, map);
                        if let Some(clock) = &self.clock {
                            let spec = &self.counter.spec;
                            costs = costs.with_latency(clock.block(block, map.real, spec));
                        }
                        *place = Counted { block: *block, map, next, costs };
                    }
                    &*place
                }
            };
            sum.add(&counted.costs);
            map = counted.next;
            self.counted.push(*counted);
            self.origins.push(origin);
        }
        let channels = self.draft.blocks.last().map_or(0, |block| block.out_channels);
        let mut head = self.counter.head(channels, map);
        if let Some(clock) = &self.clock {
            let maps = Shape { channels, resolution: map.real };
            head = head.with_latency(clock.head(maps, &self.counter.spec));
        }
        sum.add(&head);
        sum.total()
    }

    /// The analytic score of the child that was judged last, taking over from the same `relative`; none
    /// where nobody asked for a model. Not finite where a norm would see a single value.
    pub(super) fn score(&mut self, relative: &[Part]) -> Option<Score> {
        let model = self.model.as_deref()?;
        let (mut state, mut side) = (model.input(), model.settings().resolution);
        let mut bn_sum = 0.0;
        let mut last = None;
        self.scored.clear();
        for (block, origin) in self.draft.blocks.iter().zip(&self.origins) {
            let known = origin.and_then(|i| relative[i].score).filter(|known| known.side == side);
            let score = match known {
                Some(known) => model.block_again(block, side, state, (&known.state, &known.score)),
                None => model.block(block, side, state),
            };
            self.scored.push(Scored { state, side, score });
            (state, side) = (score.state, score.resolution);
            bn_sum += score.log_sigma;
            last = Some((block.out_channels, score));
        }
        let (channels, last) = last?;
        // A norm over a single value has a closed form in some definitions, but no measurement.
        let single = last.resolution == 1 && model.settings().batch == 1;
        let log_delta = if single { f64::NAN } else { model.log_delta(channels, &last) };
        Some(Score {
            value: log_delta + bn_sum,
            std: None,
            repeats: 0,
            log_delta: Some(log_delta),
            bn_sum: Some(bn_sum),
        })
    }

    /// Of the child that was judged last.
    pub(super) fn parts(&self) -> Box<[Part]> {
        let score = |index: usize| self.scored.get(index).copied();
        let parts = self.counted.iter().enumerate();
        parts.map(|(index, &counted)| Part { counted, score: score(index) }).collect()
    }

    pub(super) fn space(&self) -> &Space {
        self.mover.space()
    }
}

fn place_of(block: &Block, map: MapSide) -> usize {
    // The map follows from the block's place, so its side is enough.
    let mut hash = rustc_hash::FxHasher::default();
    (block, map.real).hash(&mut hash);
    hash.finish() as usize % MEMORY
}

/// True with probability `share`.
fn is_drawn(share: f64, stream: &mut Stream) -> bool {
    // Presets that never ask for it must not spend a draw on it: their searches stay what they were.
    share > 0.0 && f64::from(stream.next_u32()) < share * 2.0_f64.powi(32)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{
        analytic::{Form, Settings},
        arch::{Structure, costs},
        random::Purpose,
        score::Definition,
        space::{Preset, PresetSource},
    };

    fn preset(name: &str) -> Preset {
        let no_files = |_: &Path| Err("no files here".to_owned());
        PresetSource::find(name, &no_files).and_then(|source| source.preset()).expect("shipped")
    }

    /// What is carried forward over a walk of children is, bit for bit, what is computed from nothing.
    #[test]
    fn nothing_is_lost_on_the_way() {
        for name in ["cifar-params-1m", "imagenet-flops-400m"] {
            for form in [Form::Theory, Form::Fitted] {
                for definition in Definition::ALL {
                    // Costs are counted at 32 and 224 pixels; scores need not be.
                    for resolution in [32, 20] {
                        let (batch, alpha) = (4, 0.01);
                        let settings = Settings { form, definition, batch, resolution, alpha };
                        walk(&preset(name), settings);
                    }
                }
            }
        }
    }

    fn walk(preset: &Preset, settings: Settings) {
        let space = preset.search_space();
        let model = Arc::new(Model::new(settings));
        let mut workshop = Workshop::new(&space, &preset.budgets(), None, Some(Arc::clone(&model)));
        let mut blocks = preset.initial().blocks().to_vec();
        workshop.count(&blocks);
        workshop.score(&[]);
        let mut parts = workshop.parts();
        let moves = Moves { small: 0.5, repair: true, ..Moves::PUBLISHED };
        let mut children = 0;
        for id in 0..80 {
            let mut stream = Stream::of_candidate(7, Purpose::Propose, id);
            let parent = Parent { blocks: &blocks, parts: &parts };
            let Ok(found) = workshop.make(parent, &moves, false, &mut stream) else { continue };
            children += 1;
            // What is said to have changed is what differs.
            let pairs = blocks.iter().zip(&workshop.draft.blocks);
            let changed =
                |(a, b): (&Block, &Block)| *a != Block { in_channels: a.in_channels, ..*b };
            if blocks.len() == workshop.draft.blocks.len() {
                let count = pairs.filter(|&pair| changed(pair)).count();
                assert_eq!(workshop.draft.mutations.len(), count);
            }
            let structure: Structure = workshop.draft.structure();
            let score = workshop.score(&parts).expect("there is a model");
            assert_eq!(found, costs(&structure, space.net(), preset.budgets().counting));
            let mut fresh =
                Workshop::new(&space, &preset.budgets(), None, Some(Arc::clone(&model)));
            assert_eq!(fresh.take(structure.blocks(), &[]), Ok(found), "{structure}");
            let alone = fresh.score(&[]).expect("there is a model");
            assert_eq!(score.value.to_bits(), alone.value.to_bits(), "{structure}");
            let whole = model.parts(&structure).score(settings.definition);
            assert!((score.value - whole).abs() < 1e-9, "{structure}: {} {whole}", score.value);
            blocks = structure.blocks().to_vec();
            parts = workshop.parts();
        }
        assert!(children > 50, "{children} children are too few to say anything");
    }
}
