//! What is to run: steps over a few buffers, with norms folded into their convs.
//!
//! Must not know: how a step runs. Invariant: a step never writes a buffer that holds maps which it or a
//! later step reads, but for what changes its maps in place.

use crate::{
    arch::{Conv, Kernel, Layer, LayerList, MaxPool, Shape},
    latency::{FusedLayer, Operation},
    nn::network::Activation,
};

/// What a step does with the maps it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// By weights, and a bias that a norm was folded into.
    Conv(Conv),
    /// Nothing but the sum.
    Sum,
    /// Changes its maps in place.
    SqueezeExcite {
        squeezed: u32,
    },
    MaxPool(MaxPool),
    /// The mean of each map.
    Pool,
}

/// A layer as it runs: what it does, then the sum, then the activation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    pub work: Work,
    /// Of one sample.
    pub input: Shape,
    pub output: Shape,
    /// The buffer it takes.
    pub from: usize,
    /// The buffer it writes.
    pub to: usize,
    /// The buffer that is added.
    pub added: Option<usize>,
    pub activation: Activation,
}

/// Steps in their order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Program {
    /// In the first buffer.
    pub input: Shape,
    pub steps: Vec<Step>,
    /// Elements of one sample that each buffer has to hold.
    pub buffers: Vec<u64>,
}

impl Program {
    /// A whole network, shortcuts as the list has them.
    pub fn of_network(list: &LayerList) -> Program {
        let mut values = Values::new(list.input);
        // What entered each layer so far.
        let mut entered = Vec::new();
        for at in &list.layers {
            entered.push(values.last());
            match at.layer {
                Layer::Conv(conv) => values.push(Work::Conv(conv), values.last(), at.output),
                Layer::Norm { .. } => {}
                Layer::Relu => values.activate(),
                Layer::MaxPool(pool) => values.push(Work::MaxPool(pool), values.last(), at.output),
                Layer::SqueezeExcite { squeezed, .. } => values.squeeze_excite(squeezed),
                Layer::Shortcut(shortcut) => {
                    let start = entered[shortcut.from];
                    let way = shortcut.projection.map(|p| Conv {
                        in_channels: p.in_channels,
                        out_channels: p.out_channels,
                        kernel: Kernel::K1,
                        stride: p.stride,
                        groups: 1,
                    });
                    values.add(start, way);
                }
                Layer::GlobalAvgPool => values.push(Work::Pool, values.last(), at.output),
                Layer::Linear { inputs, outputs } => {
                    values.push(Work::Conv(pointwise(inputs, outputs)), values.last(), at.output);
                }
            }
        }
        values.placed()
    }

    /// One layer; none where its kernel is of no conv here.
    pub fn of_layer(layer: &FusedLayer) -> Option<Program> {
        let taken = Shape { channels: layer.in_channels, resolution: layer.side };
        let given = Shape { channels: layer.out_channels, resolution: layer.side_out() };
        let mut values = Values::new(taken);
        let groups = match layer.operation {
            Operation::Regular => 1,
            Operation::Depthwise => layer.in_channels,
            Operation::Sum => {
                let other = values.given(taken);
                values.push(Work::Sum, 0, given);
                values.last_step().added = Some(other);
                return Some(values.placed());
            }
        };
        let other = layer.sum.then(|| values.given(given));
        let conv = Conv {
            in_channels: layer.in_channels,
            out_channels: layer.out_channels,
            kernel: Kernel::from_side(layer.kernel)?,
            stride: layer.stride,
            groups,
        };
        values.push(Work::Conv(conv), 0, given);
        values.last_step().added = other;
        values.activate();
        Some(values.placed())
    }

    /// Weights and biases of all steps.
    pub fn weights(&self) -> u64 {
        self.steps
            .iter()
            .flat_map(Step::convs)
            .map(|c| c.weights() + u64::from(c.out_channels))
            .sum()
    }
}

impl Step {
    /// The convs that it has weights of.
    pub fn convs(&self) -> impl Iterator<Item = Conv> + use<> {
        let channels = self.input.channels;
        let two = match self.work {
            Work::Conv(conv) => [Some(conv), None],
            Work::SqueezeExcite { squeezed } => {
                [Some(pointwise(channels, squeezed)), Some(pointwise(squeezed, channels))]
            }
            Work::Sum | Work::MaxPool(_) | Work::Pool => [None, None],
        };
        two.into_iter().flatten()
    }
}

fn pointwise(in_channels: u32, out_channels: u32) -> Conv {
    Conv { in_channels, out_channels, kernel: Kernel::K1, stride: 1, groups: 1 }
}

/// Steps over as many maps as there are, before those share buffers.
struct Values {
    shapes: Vec<Shape>,
    /// Those that are there before the first step.
    given: Vec<usize>,
    steps: Vec<Step>,
    last: usize,
}

impl Values {
    fn new(input: Shape) -> Values {
        Values { shapes: vec![input], given: vec![0], steps: Vec::new(), last: 0 }
    }

    fn last(&self) -> usize {
        self.last
    }

    fn last_step(&mut self) -> &mut Step {
        self.steps.last_mut().expect("a conv comes before what changes it")
    }

    /// Maps that come from elsewhere.
    fn given(&mut self, shape: Shape) -> usize {
        self.shapes.push(shape);
        self.given.push(self.shapes.len() - 1);
        self.shapes.len() - 1
    }

    fn push(&mut self, work: Work, from: usize, output: Shape) {
        let input = self.shapes[from];
        self.shapes.push(output);
        self.last = self.shapes.len() - 1;
        let (to, activation) = (self.last, Activation::Linear);
        self.steps.push(Step { work, input, output, from, to, added: None, activation });
    }

    fn activate(&mut self) {
        self.last_step().activation = Activation::Relu;
    }

    fn squeeze_excite(&mut self, squeezed: u32) {
        let (shape, at) = (self.shapes[self.last], self.last);
        self.steps.push(Step {
            work: Work::SqueezeExcite { squeezed },
            input: shape,
            output: shape,
            from: at,
            to: at,
            added: None,
            activation: Activation::Linear,
        });
    }

    /// Adds maps to what the last conv gives, themselves or what `way` makes of them, which is then made
    /// before that conv, so that it can add them as it goes.
    fn add(&mut self, start: usize, way: Option<Conv>) {
        let last = self.last;
        let other = match way {
            None => start,
            Some(conv) => {
                let step = self.steps.pop().expect("a sub-layer ends with a conv");
                self.push(Work::Conv(conv), start, step.output);
                let projected = self.last;
                self.steps.push(step);
                projected
            }
        };
        self.last = last;
        self.last_step().added = Some(other);
    }

    /// Maps that are needed no longer leave their buffer to others.
    fn placed(mut self) -> Program {
        let mut last_use = vec![0; self.shapes.len()];
        for (index, step) in self.steps.iter().enumerate() {
            for value in [Some(step.from), step.added, Some(step.to)].into_iter().flatten() {
                last_use[value] = index;
            }
        }
        // The next run finds its input where this one did.
        self.given.iter().for_each(|&value| last_use[value] = usize::MAX);
        let mut buffers: Vec<u64> = Vec::new();
        let mut free: Vec<usize> = Vec::new();
        let mut places: Vec<Option<usize>> = vec![None; self.shapes.len()];
        for &value in &self.given {
            places[value] = Some(buffers.len());
            buffers.push(self.shapes[value].elements());
        }
        for (index, step) in self.steps.iter_mut().enumerate() {
            let elements = self.shapes[step.to].elements();
            let to = places[step.to].unwrap_or_else(|| {
                // The one that has to grow least, or that is too large by least.
                let fit =
                    |buffer: usize| (elements.saturating_sub(buffers[buffer]), buffers[buffer]);
                let best = (0..free.len()).min_by_key(|&at| fit(free[at]));
                best.map(|at| free.swap_remove(at)).unwrap_or_else(|| {
                    buffers.push(0);
                    buffers.len() - 1
                })
            });
            buffers[to] = buffers[to].max(elements);
            places[step.to] = Some(to);
            let of = |value: usize| places[value].expect("maps are made before they are read");
            let (from, added) = (step.from, step.added);
            step.from = of(from);
            step.added = added.map(of);
            let dead = |value: &usize| last_use[*value] == index && *value != step.to;
            let mut dead: Vec<usize> =
                [Some(from), added].into_iter().flatten().filter(dead).collect();
            dead.dedup();
            free.extend(dead.into_iter().filter_map(|value| places[value]));
            step.to = to;
        }
        Program { input: self.shapes[0], steps: self.steps, buffers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::{NetSpec, Structure};

    fn program(structure: &str, se: bool) -> Program {
        let structure: Structure = structure.parse().expect("valid");
        let spec = NetSpec { squeeze_excite: se, ..NetSpec::residual(16, 10) };
        Program::of_network(&LayerList::new(&structure, &spec))
    }

    #[test]
    fn buffers_are_shared_and_nothing_is_overwritten_that_is_read_later() {
        let program = program(
            "SuperConvK3BNRELU(3,8,1,1)SuperResK3K3(8,16,2,8,2)SuperResK1K3K1(16,24,1,8,1)\
             SuperConvK1BNRELU(24,32,1,1)",
            false,
        );
        assert!(program.buffers.len() <= 5, "{:?}", program.buffers);
        for step in &program.steps {
            assert_ne!(step.from, step.to, "{step:?}");
            assert_ne!(step.added, Some(step.to), "{step:?}");
            assert_ne!(step.to, 0, "the input stays");
            assert!(program.buffers[step.to] >= step.output.elements());
        }
    }

    #[test]
    fn projections_run_before_the_conv_that_adds_them() {
        let program = program("SuperConvK3BNRELU(3,8,1,1)SuperResK3K3(8,16,2,8,1)", true);
        let works: Vec<_> = program.steps.iter().map(|step| step.work).collect();
        let kernel = |work: &Work| match work {
            Work::Conv(conv) => conv.kernel.side(),
            Work::SqueezeExcite { .. } => 100,
            Work::Sum | Work::MaxPool(_) | Work::Pool => 0,
        };
        assert_eq!(works.iter().map(kernel).collect::<Vec<_>>(), [3, 3, 100, 1, 3, 0, 1]);
        assert!(program.steps[4].added.is_some());
        assert_eq!(program.steps[4].activation, Activation::Relu);
        assert_eq!(program.steps[3].activation, Activation::Linear);
    }

    #[test]
    fn a_layer_is_a_program_of_one_step() {
        let layer = FusedLayer {
            operation: Operation::Depthwise,
            in_channels: 24,
            side: 9,
            out_channels: 24,
            kernel: 5,
            stride: 2,
            sum: true,
        };
        let program = Program::of_layer(&layer).expect("a kernel that there is");
        assert_eq!(program.buffers, [24 * 81, 24 * 25, 24 * 25]);
        assert_eq!(program.steps[0].added, Some(1));
        assert!(Program::of_layer(&FusedLayer { kernel: 9, ..layer }).is_none());
        let sum = FusedLayer::sum_of(Shape { channels: 4, resolution: 3 });
        assert_eq!(Program::of_layer(&sum).expect("any sum").buffers, [36, 36, 36]);
    }
}
