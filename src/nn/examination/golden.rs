//! Networks whose numbers the reference implementation gave, in f64, on draws that both can make:
//! SplitMix64 and Box–Muller, one stream a network.

use std::collections::HashMap;

use serde::Deserialize;

use crate::arch::{LayerList, NetSpec, Structure};
use crate::nn::{
    network::{InputSpec, PlainNetwork, Precision},
    source::{Draw, NormalSource},
};

/// The golden file.
#[derive(Deserialize)]
pub struct Golden {
    #[serde(rename = "meta")]
    pub generator: GoldenGenerator,
    pub vectors: Vec<GoldenVector>,
    pub phi_plain_stacks: Vec<GoldenStack>,
}

/// 3×3 convs with ReLUs, all of one width: Φ without norms.
#[derive(Deserialize)]
pub struct GoldenStack {
    pub depth: u32,
    pub width: u32,
    pub resolution: u32,
    pub batch_size: u32,
    pub seed: u64,
    /// log of the mean ‖f(x + γε) − f(x)‖₂ / γ, γ = 0.01.
    pub logphi_fd_l2: f64,
}

impl GoldenStack {
    /// What the reference ran, in f64; it has no classifier, and its norms are left out.
    pub fn network(&self) -> PlainNetwork {
        let GoldenStack { depth, width, resolution, batch_size: batch, .. } = *self;
        let rest = match depth {
            1 => String::new(),
            depth => format!("SuperConvK3BNRELU({width},{width},1,{})", depth - 1),
        };
        let structure: Structure =
            format!("SuperConvK3BNRELU(3,{width},1,1){rest}").parse().expect("a structure");
        PlainNetwork::new(&structure, InputSpec { batch, resolution, precision: Precision::F64 })
    }

    pub fn normals(&self) -> GoldenNormals {
        let GoldenStack { depth, width, resolution, batch_size, seed, .. } = *self;
        let mut generator = SplitMix64(seed);
        let mut tensors = HashMap::new();
        for layer in 0..depth {
            let inputs = if layer == 0 { 3 } else { width };
            let weights = generator.normals(9 * u64::from(inputs) * u64::from(width));
            tensors.insert(Draw::Weights { layer }, weights);
        }
        let inputs = u64::from(batch_size) * 3 * u64::from(resolution).pow(2);
        tensors.insert(Draw::Input, generator.normals(inputs));
        tensors.insert(Draw::Noise, generator.normals(inputs));
        GoldenNormals(tensors)
    }
}

/// First numbers of the generator.
#[derive(Deserialize)]
pub struct GoldenGenerator {
    pub splitmix_seed1_first4_u64: Vec<String>,
    pub normal_seed1_first6: Vec<f64>,
}

/// One network, its draws and what came out.
#[derive(Deserialize)]
pub struct GoldenVector {
    pub name: String,
    pub structure: Structure,
    pub num_classes: u32,
    pub resolution: u32,
    pub batch_size: u32,
    pub seed: u64,
    /// α of Algorithm 1.
    pub gamma: f64,
    pub first_weights: Vec<f64>,
    pub x_first4: Vec<f64>,
    pub e_first4: Vec<f64>,
    pub output_sum: f64,
    pub output_sumsq: f64,
    pub delta_l1_mean: f64,
    pub delta_l2_mean: f64,
    pub zen_reference: f64,
    pub zen_paper_l1: f64,
    pub zen_paper_l2: f64,
    pub bn_running_var_mean: Vec<f64>,
    pub bn_batch_var_mean_clean: Vec<f64>,
    /// Of the others that measure; none for the net that is too large for them.
    #[serde(flatten)]
    pub quantities: Option<GoldenQuantities>,
}

/// What else the reference's code tells of a network.
#[derive(Deserialize)]
pub struct GoldenQuantities {
    pub logits_sum: f64,
    pub logits_sumsq: f64,
    /// Cross entropy of labels 7·i + 3, modulo the classes.
    pub gradnorm_loss: f64,
    pub gradnorm: f64,
    #[serde(rename = "naswot_K")]
    pub naswot_k: Vec<Vec<f64>>,
    pub naswot: f64,
    /// Ascending.
    pub ntk_eigenvalues: Vec<f64>,
    pub ntk_cond_gaussian_weights: f64,
    /// With the reference's minus sign.
    pub synflow: f64,
}

impl Golden {
    pub fn load() -> Golden {
        serde_json::from_str(include_str!("golden_vectors.json")).expect("the golden file parses")
    }
}

impl GoldenVector {
    /// What the reference ran, in f64.
    pub fn network(&self) -> PlainNetwork {
        PlainNetwork::new(&self.structure, self.input())
    }

    /// The same with one image, for SynFlow.
    pub fn network_of_one_image(&self) -> PlainNetwork {
        let input = InputSpec { batch: 1, ..self.input() };
        PlainNetwork::new(&self.structure, input)
    }

    fn input(&self) -> InputSpec {
        let (batch, resolution) = (self.batch_size, self.resolution);
        InputSpec { batch, resolution, precision: Precision::F64 }
    }

    /// Depth makes small differences grow: the reference's own digits are not the last word there.
    pub fn is_chaotic(&self) -> bool {
        self.bn_batch_var_mean_clean.len() >= 98
    }
}

/// Steele, Lea & Flood, *Fast splittable pseudorandom number generators* (OOPSLA 2014).
pub struct SplitMix64(pub u64);

impl SplitMix64 {
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whole pairs; the surplus of an odd tensor is dropped.
    pub fn normals(&mut self, n: u64) -> Vec<f64> {
        let mut out = Vec::new();
        while (out.len() as u64) < n {
            let (u1, u2) = (self.uniform(), self.uniform());
            let radius = (-2.0 * (1.0 - u1).ln()).sqrt();
            let angle = std::f64::consts::TAU * u2;
            out.extend([radius * angle.cos(), radius * angle.sin()]);
        }
        out.truncate(n as usize);
        out
    }
}

/// Every tensor of a network, drawn up front in the golden order: conv weights, classifier, x, ε.
pub struct GoldenNormals(pub HashMap<Draw, Vec<f64>>);

impl GoldenNormals {
    pub fn new(vector: &GoldenVector) -> GoldenNormals {
        let list = LayerList::new(
            &vector.structure,
            &NetSpec::plain(vector.resolution, vector.num_classes),
        );
        let mut generator = SplitMix64(vector.seed);
        let mut tensors = HashMap::new();
        for (layer, (conv, _)) in (0..).zip(list.convs()) {
            tensors.insert(Draw::Weights { layer }, generator.normals(conv.weights()));
        }
        let features = u64::from(list.pre_pool_shape().channels);
        let classifier = generator.normals(features * u64::from(vector.num_classes));
        tensors.insert(Draw::Classifier, classifier);
        let inputs = u64::from(vector.batch_size) * list.input.elements();
        tensors.insert(Draw::Input, generator.normals(inputs));
        tensors.insert(Draw::Noise, generator.normals(inputs));
        GoldenNormals(tensors)
    }
}

impl NormalSource for GoldenNormals {
    fn fill(&mut self, tensor: Draw, _: [u32; 4], out: &mut [f64]) {
        out.copy_from_slice(&self.0[&tensor]);
    }
}
