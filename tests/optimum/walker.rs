//! From one structure to another, one published mutation at a time.

use std::collections::{BTreeMap, VecDeque};

use zendo::{
    arch::{Block, BlockKind, DEEPEST, Structure, costs, split_deep_blocks},
    space::{Preset, Space},
};

/// One step of the published mutation, on one block.
fn is_a_mutation(space: &Space, from: &[Block], to: &[Block]) -> bool {
    (0..from.len()).filter(|&i| !space.is_fixed(i, from.len())).any(|i| {
        let block = from[i];
        let outs = space.width_options(block.out_channels);
        let inners = space.width_options(block.bottleneck);
        let kinds: Vec<BlockKind> = match !block.kind.is_residual() {
            true => vec![block.kind],
            false => space.kinds().collect(),
        };
        kinds.iter().any(|&kind| {
            space.depth_options(block.sub_layers).into_iter().any(|depth| {
                let sub_layers = if kind.is_residual() { depth } else { block.sub_layers };
                outs.iter().any(|&out_channels| {
                    let inners = if kind.is_residual() { &inners } else { &vec![0] };
                    inners.iter().any(|&bottleneck| {
                        let child = Block { kind, out_channels, bottleneck, sub_layers, ..block };
                        let mut child_blocks = from.to_vec();
                        child_blocks[i] = child;
                        chain(&mut child_blocks);
                        split_deep_blocks(&mut child_blocks);
                        child_blocks == to
                    })
                })
            })
        })
    })
}

fn chain(blocks: &mut [Block]) {
    for i in 1..blocks.len() {
        blocks[i].in_channels = blocks[i - 1].out_channels;
    }
}

/// Walks from the initial structure to another, one mutation at a time.
pub struct Walker<'a> {
    preset: &'a Preset,
    space: Space,
    at: Vec<Block>,
    pub steps: usize,
}

impl Walker<'_> {
    /// At the preset's initial structure.
    pub fn new(preset: &Preset) -> Walker<'_> {
        let (space, at) = (preset.search_space(), preset.initial().blocks().to_vec());
        Walker { preset, space, at, steps: 0 }
    }

    fn step(&mut self, index: usize, change: impl Fn(&mut Block)) {
        let mut next = self.at.clone();
        change(&mut next[index]);
        if next == self.at {
            return;
        }
        chain(&mut next);
        split_deep_blocks(&mut next);
        assert!(is_a_mutation(&self.space, &self.at, &next), "{:?} {next:?}", self.at);
        let structure = Structure::new(next.clone()).expect("a structure");
        let budgets = self.preset.budgets();
        let costs = costs(&structure, self.space.net(), budgets.counting);
        assert_eq!(budgets.broken(&costs), None, "{structure}");
        self.at = next;
        self.steps += 1;
    }

    /// Width by width over what the factors offer.
    fn lead(&mut self, index: usize, of: fn(&mut Block) -> &mut u32, to: u32) {
        let start = *of(&mut self.at[index]);
        for width in self.way(start, to) {
            self.step(index, |block| *of(block) = width);
        }
    }

    /// The way from one width to another that needs the least width.
    fn way(&self, start: u32, to: u32) -> Vec<u32> {
        let mut most = start.max(to);
        loop {
            let mut from = BTreeMap::from([(start, start)]);
            let mut open = VecDeque::from([start]);
            while let Some(width) = open.pop_front() {
                for option in self.space.width_options(width) {
                    if option <= most && !from.contains_key(&option) {
                        from.insert(option, width);
                        open.push_back(option);
                    }
                }
            }
            if from.contains_key(&to) {
                let mut way = vec![to];
                while way[0] != start {
                    way.insert(0, from[&way[0]]);
                }
                return way;
            }
            most += 8;
        }
    }

    fn depth(&mut self, index: usize, to: u32) {
        while self.at[index].sub_layers != to {
            let here = self.at[index].sub_layers;
            self.step(index, |block| {
                block.sub_layers = if here < to { here + 1 } else { here - 1 }
            });
        }
    }

    /// Each step within the preset's budgets.
    ///
    /// # Panics
    /// Where a step is no mutation, or breaks a budget.
    pub fn walk(&mut self, goal: &Structure) {
        let goal = goal.blocks();
        let is_fixed = |i: usize, count: usize| self.space.is_fixed(i, count);
        let fixed: Vec<bool> = (0..goal.len()).map(|i| is_fixed(i, goal.len())).collect();
        // Narrow first, so that nothing breaks the budgets on the way.
        let least = self.space.reachable_widths(8)[0];
        for i in 0..self.at.len() {
            if !self.space.is_fixed(i, self.at.len()) {
                self.lead(i, |block| &mut block.out_channels, least);
                if self.at[i].kind.is_residual() {
                    self.lead(i, |block| &mut block.bottleneck, least);
                }
            }
        }
        // Then as many blocks as the goal has, gap by gap.
        let mut i = 0;
        while i < goal.len() {
            let has = self.at.get(i).is_some_and(|b| {
                b.stride == goal[i].stride && b.kind.is_residual() == goal[i].kind.is_residual()
            });
            if has {
                i += 1;
                continue;
            }
            self.depth(i - 1, DEEPEST);
            self.step(i - 1, |block| block.sub_layers += 1);
            self.depth(i - 1, 1);
            self.depth(i, 1);
        }
        for i in (0..goal.len()).filter(|&i| !fixed[i]) {
            if !goal[i].kind.is_residual() {
                continue;
            }
            self.step(i, |block| block.kind = goal[i].kind);
            self.depth(i, goal[i].sub_layers);
        }
        // Those that need the most width on their way go while the others are narrow.
        let detour = |i: &usize| {
            let to = goal[*i].out_channels;
            self.way(least, to).into_iter().max().unwrap_or(to) - to
        };
        let mut order: Vec<usize> = (0..goal.len()).filter(|&i| !fixed[i]).collect();
        order.sort_by_key(|i| std::cmp::Reverse(detour(i)));
        for i in order {
            self.lead(i, |block| &mut block.out_channels, goal[i].out_channels);
            if goal[i].kind.is_residual() {
                self.lead(i, |block| &mut block.bottleneck, goal[i].bottleneck);
            }
        }
        assert_eq!(self.at, goal);
    }
}
