//! Parts against the whole.

use proptest::prelude::*;

use super::*;
use crate::{
    arch::{DiffRow, Shortcuts, costs, limits, samples::any_structure},
    score::Definition,
};

fn view(resolution: u32) -> View {
    let analytic = Settings {
        form: Form::Theory,
        definition: Definition::Table,
        batch: 16,
        resolution,
        alpha: 0.01,
    };
    View { net: NetSpec::residual(resolution, 100), counting: Counting::Exact, analytic }
}

fn any_view() -> impl Strategy<Value = View> {
    let shortcuts = proptest::sample::select(vec![Shortcuts::Kept, Shortcuts::Removed]);
    let counting = proptest::sample::select(Counting::ALL.to_vec());
    let form = proptest::sample::select(vec![Form::Theory, Form::Fitted]);
    let definition = proptest::sample::select(Definition::ALL.to_vec());
    (1..300u32, shortcuts, any::<bool>(), counting, form, definition).prop_map(
        |(resolution, shortcuts, squeeze_excite, counting, form, definition)| {
            let View { net, analytic, .. } = view(resolution);
            View {
                net: NetSpec { shortcuts, squeeze_excite, ..net },
                counting,
                analytic: Settings { form, definition, ..analytic },
            }
        },
    )
}

fn parse(text: &str) -> Structure {
    text.parse().expect("valid")
}

/// Of the best of the first search over the size-1M space.
fn six_blocks() -> Structure {
    parse(
        "SuperConvK3BNRELU(3,64,1,1)SuperResK1K7K1(64,288,1,16,5)SuperResK1K7K1(288,496,2,16,5)\
         SuperResK1K3K1(496,48,2,32,2)SuperResK1K3K1(48,112,2,32,4)SuperConvK1BNRELU(112,448,1,1)",
    )
}

/// By hand: k − 1 times the product of the strides before it, conv by conv. Block 3 starts at 63, its
/// first 7×7 still steps by 1: 69; the second by 2: 81; each other sub-layer adds 2·6·2.
#[test]
fn fields_grow_by_kernels_and_strides() {
    let anatomy = Anatomy::of(&six_blocks(), &view(32));
    let fields: Vec<Vec<u64>> = anatomy
        .blocks
        .iter()
        .map(|part| (0..part.block.sub_layers).map(|i| part.field(i)).collect())
        .collect();
    let expected: [&[u64]; 6] = [
        &[3],
        &[15, 27, 39, 51, 63],
        &[81, 105, 129, 153, 177],
        &[189, 205],
        &[229, 261, 293, 325],
        &[325],
    ];
    assert_eq!(fields, expected);
}

#[test]
fn blocks_know_their_maps_and_convs() {
    let anatomy = Anatomy::of(&six_blocks(), &view(32));
    let of = |what: fn(&BlockPart) -> u64| anatomy.blocks.iter().map(what).collect::<Vec<_>>();
    assert_eq!(of(|part| part.input.real.into()), [32, 32, 32, 16, 8, 4]);
    assert_eq!(of(|part| part.output.real.into()), [32, 32, 16, 8, 4, 4]);
    assert_eq!(of(|part| part.convs.into()), [1, 30, 30, 12, 24, 1]);
    let third = (16 * 32 * 32 + 16 * 16 * 16 + 496 * 16 * 16) + 9 * (16 + 16 + 496) * 16 * 16;
    assert_eq!(anatomy.blocks[2].conv_outputs, third);
    assert_eq!(anatomy.blocks[2].part.costs.activation(), 496 * 16 * 16);
}

/// 288→16 1×1, 16→16 7×7, 16→496 1×1, a projection; and again from 496.
#[test]
fn layers_are_told_one_by_one() {
    let anatomy = Anatomy::of(&six_blocks(), &view(32));
    let layers = anatomy.layers(2, 0);
    let shown: Vec<_> = layers
        .iter()
        .map(|layer| {
            let text = match layer.operation {
                Operation::Conv(conv) => format!(
                    "{}² {}→{} /{}",
                    conv.kernel.side(),
                    conv.in_channels,
                    conv.out_channels,
                    conv.stride
                ),
                Operation::MaxPool(pool) => format!("max {}² /{}", pool.kernel.side(), pool.stride),
                Operation::SqueezeExcite { channels, .. } => format!("se {channels}"),
                Operation::Projection(p) => {
                    format!("{}⇒{} /{}", p.in_channels, p.out_channels, p.stride)
                }
            };
            (text, layer.output.resolution, layer.costs.params())
        })
        .collect();
    let params = |weights: u64, out: u64| weights + 2 * out;
    assert_eq!(
        shown,
        [
            ("1² 288→16 /1".to_owned(), 32, params(288 * 16, 16)),
            ("7² 16→16 /2".to_owned(), 16, params(16 * 16 * 49, 16)),
            ("1² 16→496 /1".to_owned(), 16, params(16 * 496, 496)),
            ("288⇒496 /2".to_owned(), 16, params(288 * 496, 496) + 496),
            ("1² 496→16 /1".to_owned(), 16, params(496 * 16, 16)),
            ("7² 16→16 /1".to_owned(), 16, params(16 * 16 * 49, 16)),
            ("1² 16→496 /1".to_owned(), 16, params(16 * 496, 496)),
        ]
    );
    assert!(anatomy.layers(2, 5).is_empty() && anatomy.layers(6, 0).is_empty());
}

#[test]
fn a_split_costs_a_projection() {
    let a = parse("SuperConvK3BNRELU(3,16,1,1)SuperResK3K3(16,32,2,16,6)");
    let (a, b) = (Anatomy::of(&a, &view(32)), Anatomy::of(&a.split_deep_blocks(), &view(32)));
    let compared = Comparison::between(&a, &b);
    let [same, split] = &compared.rows[..] else { panic!("two rows") };
    assert_eq!((same.a.clone(), same.b.clone()), (0..1, 0..1));
    assert_eq!((split.a.clone(), split.b.clone()), (1..2, 1..3));
    assert!(matches!(split.row, DiffRow::Split { .. }));
    // The projection of 32 to 32 with bias and norm; the plain net is the same.
    assert_eq!((split.delta.params, compared.total.params), (32 * 32 + 3 * 32, 32 * 32 + 3 * 32));
    assert_eq!(split.delta.flops, 32.0 * 32.0 * 16.0 * 16.0);
    assert!(compared.total.score.abs() < 1e-9);
}

/// The most that a structure may ask for.
#[test]
fn the_largest_network_does_not_overflow() {
    let kinds = "SuperResIDWE6K7(16384,16384,8,16384,256)";
    let structure = parse(&kinds.repeat(limits::BLOCKS));
    let anatomy = Anatomy::of(&structure, &view(limits::RESOLUTION));
    assert_eq!(anatomy.blocks.last().map(BlockPart::last_field), Some(u64::MAX));
    assert_eq!(anatomy.costs(), costs(&structure, &anatomy.view.net, Counting::Exact));
    let compared = Comparison::between(&Anatomy::of(&six_blocks(), &view(32)), &anatomy);
    assert!(compared.total.params > 0 && compared.total.flops > 0.0);
}

/// Small nets score below 0, and a norm over a single value has no running variance.
#[test]
fn there_are_no_shares_of_no_score() {
    let structure = parse("SuperConvK3BNRELU(3,8,2,1)SuperConvK3BNRELU(8,8,2,1)");
    let mut view = view(4);
    view.analytic.batch = 1;
    for (definition, score) in [
        (Definition::Table, f64::is_sign_negative as fn(f64) -> bool),
        (Definition::Reference, f64::is_infinite),
    ] {
        view.analytic.definition = definition;
        let anatomy = Anatomy::of(&structure, &view);
        let whole = anatomy.whole();
        assert!(score(whole.score), "{}", whole.score);
        for block in &anatomy.blocks {
            let shares = block.part.shares(&whole);
            assert_eq!(shares.score, 0.0);
            assert!(shares.params > 0.0 && shares.flops > 0.0);
        }
    }
}

proptest! {
    #[test]
    fn parts_add_up(structure in any_structure(), view in any_view()) {
        let anatomy = Anatomy::of(&structure, &view);
        prop_assert_eq!(anatomy.costs(), costs(&structure, &view.net, view.counting));
        let score = Model::new(view.analytic).parts(&structure).score(view.analytic.definition);
        prop_assert!((anatomy.score() - score).abs() < 1e-9, "{} {score}", anatomy.score());
        let whole = anatomy.whole();
        let parts = anatomy.blocks.iter().map(|block| block.part).chain([anatomy.tail]);
        let mut sum = [0.0; 3];
        for Shares { score, params, flops } in parts.map(|part| part.shares(&whole)) {
            for (sum, share) in sum.iter_mut().zip([score, params, flops]) {
                *sum += share;
            }
        }
        prop_assert!((sum[1] - 1.0).abs() < 1e-9 && (sum[2] - 1.0).abs() < 1e-9);
        prop_assert!(whole.score <= 0.0 || (sum[0] - 1.0).abs() < 1e-9);
    }

    #[test]
    fn layers_add_up_to_blocks(structure in any_structure(), view in any_view()) {
        let anatomy = Anatomy::of(&structure, &view);
        for (index, block) in anatomy.blocks.iter().enumerate() {
            let mut sum = Part::NOTHING;
            let mut convs = 0;
            for layer in (0..block.block.sub_layers).flat_map(|i| anatomy.layers(index, i)) {
                sum.add(&Part { score: layer.log_sigma.unwrap_or(0.0), costs: layer.costs });
                convs += u32::from(layer.log_sigma.is_some());
            }
            let Part { score, costs } = block.part;
            prop_assert!((sum.score - score).abs() < 1e-9);
            prop_assert_eq!(sum.costs.params(), costs.params());
            prop_assert_eq!(sum.costs.activation(), costs.activation());
            prop_assert!((sum.costs.flops() - costs.flops()).abs() <= 1e-12 * costs.flops());
            prop_assert_eq!(convs, block.convs);
        }
    }

    #[test]
    fn deltas_add_up(a in any_structure(), b in any_structure(), view in any_view()) {
        let (a, b) = (Anatomy::of(&a, &view), Anatomy::of(&b, &view));
        let compared = Comparison::between(&a, &b);
        let (mut score, mut params, mut flops) = (0.0, 0, 0.0);
        for delta in compared.rows.iter().map(|row| row.delta).chain([compared.tail]) {
            score += delta.score;
            params += delta.params;
            flops += delta.flops;
        }
        let total = compared.total;
        prop_assert!((score - total.score).abs() < 1e-8);
        prop_assert_eq!(params, total.params);
        prop_assert!((flops - total.flops).abs() <= 1e-12 * b.costs().flops.max(a.costs().flops) as f64);
        prop_assert_eq!(compared.rows.last().map(|row| (row.a.end, row.b.end)), Some((a.blocks.len(), b.blocks.len())));
    }
}
