//! Parsing, splitting and both countings against the PyTorch reference, to the last digit.

use serde_json::Value;
use zendo::arch::{Counting, LayerList, NetSpec, Shortcuts, Structure, costs};
use zendo::space::published_nets;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/structures.json")).expect("golden file is JSON")
}

fn whole(entry: &Value, key: &str) -> u64 {
    let value = entry[key].as_f64().unwrap_or_else(|| panic!("{key} in {}", entry["name"]));
    assert_eq!(value.fract(), 0.0);
    value as u64
}

#[test]
fn every_structure_matches_in_both_countings() {
    let golden = golden();
    let entries = golden["structures"].as_array().expect("a list");
    assert_eq!(entries.len(), 36);
    let mut compared = 0;
    for entry in entries {
        let name = entry["name"].as_str().expect("a name");
        let text = entry["structure"].as_str().expect("a structure");
        if name == "init_imagenet_latency" {
            let error = text.parse::<Structure>().expect_err("the broken print");
            let column = text.find("BNRELU(256").expect("its last block") + "BNRELU(".len() + 1;
            assert_eq!((error.line, error.column), (1, column), "{error}");
            continue;
        }
        let structure: Structure = text.parse().expect("valid");
        assert_eq!(structure.to_string(), text);
        assert_eq!(u64::from(structure.depth()), whole(entry, "num_layers"));
        assert_eq!(
            structure.split_deep_blocks().to_string(),
            entry["split6"].as_str().expect("string")
        );
        let resolution = whole(entry, "resolution") as u32;
        let classes = whole(entry, "num_classes") as u32;
        for (shortcuts, suffix) in
            [(Shortcuts::Kept, "reslink"), (Shortcuts::Removed, "no_reslink")]
        {
            let spec = NetSpec { shortcuts, ..NetSpec::residual(resolution, classes) };
            let exact = costs(&structure, &spec, Counting::Exact);
            let reference = costs(&structure, &spec, Counting::Reference);
            for (cost, key) in [
                (exact.params, "actual_params"),
                (exact.flops, "actual_conv_linear_macs"),
                (reference.params, "ref_model_size"),
                (reference.flops, "ref_flops"),
            ] {
                assert_eq!(cost, whole(entry, &format!("{key}_{suffix}")), "{name} {key}_{suffix}");
                compared += 1;
            }
        }
        let shape =
            LayerList::new(&structure, &NetSpec::plain(resolution, classes)).pre_pool_shape();
        let expected = entry["pre_gap_shape_chw"].as_array().expect("a shape");
        assert_eq!(expected[0].as_u64(), Some(u64::from(shape.channels)), "{name}");
        assert_eq!(expected[1].as_u64(), Some(u64::from(shape.resolution)), "{name}");
    }
    assert_eq!(compared, 35 * 8);
}

/// By hand: SE on 16 channels squeezes to 4: two 1×1 convs of 64 weights, norms of 4 and 16 channels.
#[test]
fn squeeze_and_excitation_adds_its_convs_and_norms() {
    let structure: Structure =
        "SuperConvK3BNRELU(3,8,1,1)SuperResK3K3(8,32,1,16,1)".parse().expect("valid");
    let without = NetSpec::residual(8, 10);
    let with = NetSpec { squeeze_excite: true, ..without };
    let added = |counting| {
        let (a, b) = (costs(&structure, &without, counting), costs(&structure, &with, counting));
        (b.params - a.params, b.flops - a.flops)
    };
    assert_eq!(added(Counting::Exact), (2 * 64 + 2 * (4 + 16), 2 * 64));
    // The reference also counts the pooled vector's norm and the multiplication of the 8×8 map.
    assert_eq!(added(Counting::Reference), (2 * 64 + 2 * (4 + 16), 2 * 64 + 16 + 16 * 64));
}

/// ResNets cost what torchvision's documentation of its weights says: parameters, and giga-multiply-adds.
#[test]
fn resnets_cost_what_they_do_in_torchvision() {
    let expected = [
        ("resnet-18", 11_689_512, 1.814),
        ("resnet-34", 21_797_672, 3.664),
        ("resnet-50", 25_557_032, 4.089),
        ("resnet-101", 44_549_160, 7.801),
        ("resnet-152", 60_192_808, 11.514),
    ];
    for (name, params, giga_flops) in expected {
        let net = published_nets().find(|net| net.name == name).expect("shipped");
        let spec = NetSpec::residual(net.resolution, net.classes);
        let costs = costs(&net.structure, &spec, Counting::Exact);
        assert_eq!(costs.params, params, "{name}");
        assert!((costs.flops as f64 / 1e9 - giga_flops).abs() < 5e-4, "{name}: {}", costs.flops);
    }
}

/// Rows of NAS-Bench-Macro (Su et al. 2021) as it is published, 10 classes of 32² images: what it says they
/// cost is what is counted `exact`.
#[test]
fn nets_of_nas_bench_macro_cost_what_it_says() {
    const STEM: &str = "SuperConvK3BNRELU(3,32,1,1)";
    const HEAD: &str = "SuperConvK1BNRELU(256,1280,1,1)";
    let rows = [
        // 02012100
        (
            "ConvK1BN(32,64,2,1)MBConvE6K5(64,64,1,1)ConvK1BN(64,128,2,1)MBConvE3K3(128,128,1,1)\
             MBConvE6K5(128,128,1,1)MBConvE3K3(128,256,2,1)",
            890_666,
            47_327_744,
        ),
        // 11111221
        (
            "MBConvE3K3(32,64,2,1)MBConvE3K3(64,64,1,1)MBConvE3K3(64,128,2,1)MBConvE3K3(128,128,1,2)\
             MBConvE6K5(128,256,2,1)MBConvE6K5(256,256,1,1)MBConvE3K3(256,256,1,1)",
            2_181_386,
            65_012_224,
        ),
        // 22222202
        (
            "MBConvE6K5(32,64,2,1)MBConvE6K5(64,64,1,1)MBConvE6K5(64,128,2,1)MBConvE6K5(128,128,1,2)\
             MBConvE6K5(128,256,2,1)MBConvE6K5(256,256,1,1)",
            2_101_098,
            92_463_616,
        ),
    ];
    for (body, params, flops) in rows {
        let structure: Structure = format!("{STEM}{body}{HEAD}").parse().expect("valid");
        let costs = costs(&structure, &NetSpec::residual(32, 10), Counting::Exact);
        assert_eq!((costs.params, costs.flops), (params, flops), "{body}");
    }
}
