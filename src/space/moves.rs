//! Moves: how a child is made of its parent. The hot path of a search; allocates nothing once a
//! [`Draft`] has grown.

use super::{Mutation, Space};
use crate::{
    arch::{Block, DEEPEST, Structure, limits, split_deep_blocks},
    random::Stream,
};

/// A child in the making.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub blocks: Vec<Block>,
    /// Blocks that changed, by their place in the parent; empty for a copy.
    pub mutations: Vec<Mutation>,
}

impl Draft {
    fn start(&mut self, parent: &[Block]) {
        self.blocks.clear();
        self.blocks.extend_from_slice(parent);
        self.mutations.clear();
    }

    pub fn structure(&self) -> Structure {
        Structure::new(self.blocks.clone()).expect("moves stay within the limits and chain")
    }

    /// Input widths follow their predecessors.
    fn chain(&mut self) {
        for i in 1..self.blocks.len() {
            self.blocks[i].in_channels = self.blocks[i - 1].out_channels;
        }
    }

    /// Names what differs from `parent`. Where blocks came or went, the first that differs stands for
    /// the rest.
    pub fn note_changes(&mut self, parent: &[Block]) {
        self.mutations.clear();
        let changed =
            |from: &Block, to: &Block| *from != Block { in_channels: from.in_channels, ..*to };
        let pairs = parent.iter().zip(&self.blocks).enumerate();
        let mutations = pairs
            .filter(|(_, (from, to))| changed(from, to))
            .map(|(block, (&from, &to))| Mutation { block, from, to });
        let most = if parent.len() == self.blocks.len() { usize::MAX } else { 1 };
        self.mutations.extend(mutations.take(most));
    }
}

/// Options by value, flat: those of `v` are `options[starts[v]..starts[v + 1]]`.
#[derive(Clone, Debug)]
struct Table {
    starts: Vec<u32>,
    options: Vec<u32>,
}

impl Table {
    fn new(most: u32, options_of: impl Fn(u32) -> Vec<u32>) -> Table {
        let mut table = Table { starts: vec![0], options: Vec::new() };
        for value in 0..=most {
            table.options.extend(options_of(value));
            table.starts.push(u32::try_from(table.options.len()).expect("a few a value"));
        }
        table
    }

    fn pick(&self, value: u32, stream: &mut Stream) -> u32 {
        let at = value as usize;
        let options = &self.options[self.starts[at] as usize..self.starts[at + 1] as usize];
        options[stream.below(options.len() as u32) as usize]
    }
}

/// The moves of a space, with its options looked up instead of computed.
#[derive(Clone, Debug)]
pub struct Mover {
    space: Space,
    widths: Table,
    depths: Table,
}

/// Most small moves of one child.
const SMALL_MOVES: u32 = 3;
/// Farthest small step of a width, in multiples.
const SMALL_STEP: u32 = 3;

impl Mover {
    pub fn new(space: &Space) -> Mover {
        Mover {
            widths: Table::new(limits::WIDTH, |width| space.width_options(width)),
            depths: Table::new(limits::SUB_LAYERS, |depth| space.depth_options(depth)),
            space: space.clone(),
        }
    }

    pub fn space(&self) -> &Space {
        &self.space
    }

    /// A child as the reference makes it: `draws` uniform draws choose the blocks (one drawn twice
    /// counts once), each chosen block is drawn uniformly over type × width × bottleneck × depth,
    /// unchanged included; then input widths follow their predecessors and blocks of 6 or more
    /// sub-layers split.
    pub fn published(&self, parent: &[Block], draws: u32, stream: &mut Stream, draft: &mut Draft) {
        /// More draws than a preset may ask for.
        const MOST: usize = 8;
        draft.start(parent);
        let count = parent.len() as u32;
        let mut chosen = [0_usize; MOST];
        let chosen = &mut chosen[..(draws as usize).min(MOST)];
        chosen.fill_with(|| stream.below(count) as usize);
        chosen.sort_unstable();
        let mut last = None;
        for &mut index in chosen {
            if last.replace(index) == Some(index) {
                continue;
            }
            let from = draft.blocks[index];
            let to = self.redraw(from, index, parent.len(), stream);
            if from != to {
                draft.blocks[index] = to;
                draft.mutations.push(Mutation { block: index, from, to });
            }
        }
        draft.chain();
        split_deep_blocks(&mut draft.blocks);
    }

    fn redraw(&self, block: Block, index: usize, count: usize, stream: &mut Stream) -> Block {
        if self.space.is_fixed(index, count) {
            return block;
        }
        let out_channels = self.widths.pick(block.out_channels, stream);
        if !block.kind.is_residual() {
            return Block { out_channels, ..block };
        }
        Block {
            kind: self.space.pick_kind(stream),
            out_channels,
            bottleneck: self.widths.pick(block.bottleneck, stream),
            sub_layers: self.depths.pick(block.sub_layers, stream),
            ..block
        }
    }

    /// A child one to three small moves away: a width one step or one factor up or down, another
    /// kind, a sub-layer more, less or moved to another block, a block split in two or merged into a
    /// neighbour (the last four where depths may change at all). All lead to structures that published
    /// moves can reach too.
    pub fn small(&self, parent: &[Block], stream: &mut Stream, draft: &mut Draft) {
        draft.start(parent);
        for _ in 0..=stream.below(SMALL_MOVES) {
            match stream.below(10) {
                0..5 => self.move_width(&mut draft.blocks, stream),
                5 => self.move_kind(&mut draft.blocks, stream),
                _ if !self.space.depths_vary() => self.move_width(&mut draft.blocks, stream),
                6 => self.move_sub_layer(&mut draft.blocks, stream),
                7 => self.move_depth(&mut draft.blocks, stream),
                8 => self.split(&mut draft.blocks, stream),
                _ => self.merge(&mut draft.blocks, stream),
            }
        }
        draft.chain();
        split_deep_blocks(&mut draft.blocks);
        draft.note_changes(parent);
    }

    /// Shrinks one width drawn at random by `ratio`, but not below half, at least one step: what
    /// brings a child under its budget.
    pub fn shrink_width(&self, draft: &mut Draft, ratio: f64, stream: &mut Stream) {
        if let Some(width) = self.draw_width(&mut draft.blocks, stream) {
            let Space { width_min, width_multiple, .. } = self.space;
            let steps = (f64::from(*width) * ratio.max(0.5) / f64::from(width_multiple)) as u32;
            let below = (*width - 1) / width_multiple;
            let shrunk = steps.min(below) * width_multiple;
            *width = shrunk.max(width_min).min(*width);
        }
        draft.chain();
    }

    /// Takes one sub-layer from a block drawn at random among those that have several; false where
    /// none has.
    pub fn shrink_depth(&self, draft: &mut Draft, stream: &mut Stream) -> bool {
        let deep = |i: &usize| {
            self.space.is_free_residual(&draft.blocks, *i) && draft.blocks[*i].sub_layers > 1
        };
        let count = (0..draft.blocks.len()).filter(deep).count() as u32;
        if count == 0 {
            return false;
        }
        let ticket = stream.below(count) as usize;
        let index = (0..draft.blocks.len()).filter(deep).nth(ticket).expect("below the count");
        draft.blocks[index].sub_layers -= 1;
        true
    }

    /// Changes what breaks the space's constraints, as far as that goes.
    pub fn conform(&self, draft: &mut Draft) {
        let count = draft.blocks.len();
        let free = |i| !self.space.is_fixed(i, count);
        self.space.constraints().conform(&mut draft.blocks, free);
        draft.chain();
    }

    fn move_width(&self, blocks: &mut [Block], stream: &mut Stream) {
        let Some(width) = self.draw_width(blocks, stream) else { return };
        if stream.below(2) == 0 {
            *width = self.widths.pick(*width, stream);
            return;
        }
        let steps = 1 + stream.below(SMALL_STEP) as i32;
        *width = self.space.stepped(*width, if stream.below(2) == 0 { steps } else { -steps });
    }

    fn move_kind(&self, blocks: &mut [Block], stream: &mut Stream) {
        if let Some(index) = self.draw_residual(blocks, stream) {
            blocks[index].kind = self.space.pick_kind(stream);
        }
    }

    fn move_sub_layer(&self, blocks: &mut [Block], stream: &mut Stream) {
        let (Some(from), Some(to)) =
            (self.draw_residual(blocks, stream), self.draw_residual(blocks, stream))
        else {
            return;
        };
        let room = blocks[to].sub_layers < limits::SUB_LAYERS;
        if from != to && blocks[from].sub_layers > 1 && room {
            blocks[from].sub_layers -= 1;
            blocks[to].sub_layers += 1;
        }
    }

    fn move_depth(&self, blocks: &mut [Block], stream: &mut Stream) {
        let Some(index) = self.draw_residual(blocks, stream) else { return };
        let sub_layers = &mut blocks[index].sub_layers;
        *sub_layers = if stream.below(2) == 0 { *sub_layers + 1 } else { *sub_layers - 1 }
            .clamp(1, limits::SUB_LAYERS);
    }

    fn split(&self, blocks: &mut Vec<Block>, stream: &mut Stream) {
        let Some(index) = self.draw_residual(blocks, stream) else { return };
        let block = blocks[index];
        if block.sub_layers > 1 && blocks.len() < limits::BLOCKS {
            let first = 1 + stream.below(block.sub_layers - 1);
            blocks[index].sub_layers = first;
            let sub_layers = block.sub_layers - first;
            let rest = Block { in_channels: block.out_channels, stride: 1, sub_layers, ..block };
            blocks.insert(index + 1, rest);
        }
    }

    fn merge(&self, blocks: &mut Vec<Block>, stream: &mut Stream) {
        let Some(index) = self.draw_residual(blocks, stream) else { return };
        let into = index.checked_sub(1).filter(|&i| self.space.is_free_residual(blocks, i));
        let Some(into) = into.filter(|_| self.space.is_optional(blocks, index)) else { return };
        let sub_layers = blocks[into].sub_layers + blocks[index].sub_layers;
        // Deeper ones would split again.
        if sub_layers <= DEEPEST {
            blocks[into].sub_layers = sub_layers;
            blocks.remove(index);
        }
    }

    fn draw_residual(&self, blocks: &[Block], stream: &mut Stream) -> Option<usize> {
        let free = || (0..blocks.len()).filter(|&i| self.space.is_free_residual(blocks, i));
        let count = free().count() as u32;
        let ticket = (count > 0).then(|| stream.below(count))?;
        free().nth(ticket as usize)
    }

    /// An output width or a bottleneck, each as likely as any other.
    fn draw_width<'a>(&self, blocks: &'a mut [Block], stream: &mut Stream) -> Option<&'a mut u32> {
        let count = blocks.len();
        let slots = |(index, block): (usize, &Block)| match self.space.is_fixed(index, count) {
            true => 0,
            false => 1 + u32::from(block.kind.is_residual()),
        };
        let total = blocks.iter().enumerate().map(slots).sum();
        let mut ticket = if total > 0 { stream.below(total) } else { return None };
        for (index, block) in blocks.iter_mut().enumerate() {
            match (slots((index, block)), ticket) {
                (1.., 0) => return Some(&mut block.out_channels),
                (2, 1) => return Some(&mut block.bottleneck),
                (slots, _) => ticket -= slots,
            }
        }
        None
    }
}
