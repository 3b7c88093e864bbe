use super::*;
use crate::{arch::Structure, space::Mutation};

#[test]
fn scores_have_two_decimals_and_a_real_minus() {
    assert_eq!(score(192.024), "192.02");
    assert_eq!(score(-3.0), "−3.00");
    assert_eq!(signed(2.371), "+2.37");
    assert_eq!(signed(-0.157), "−0.16");
    assert_eq!(signed(-0.001), "0.00");
    assert_eq!(short_score(187.38), "187.4");
}

/// FLOPs are scores, too.
#[test]
fn large_scores_have_letters() {
    assert_eq!([score(402_653_184.0), score(-21_954_560.0)], ["402.7M", "−21.95M"]);
    assert_eq!([signed(402_653_184.0), signed(-21_954.0)], ["+402.7M", "−21954"]);
    assert_eq!([short_score(402_653_184.0), short_score(-21_954.0)], ["403M", "−22.0k"]);
    assert_eq!([noise(999.4), noise(1_234_567.0)], ["±999", "±1.2M"]);
    assert_eq!(signed(f64::NAN), NONE);
    let axes = [400e6, 40e6, -40.25e6, 1.05e6, 1e9, 2_000.0, 999.6].map(|value| axis(value, 1));
    assert_eq!(axes, ["400M", "40M", "−40.2M", "1.05M", "1G", "2000", "1000"]);
    assert_eq!([axis(187.44, 1), axis(187.44, 0), axis(1e20, 0)], ["187.4", "187", "1.0e20"]);
}

#[test]
fn noise_has_one_step() {
    let table = [(0.94, "±0.9"), (0.96, "±1.0"), (12.3, "±12"), (0.04, "±.04"), (0.0, "±0")];
    for (value, text) in table {
        assert_eq!(noise(value), text);
    }
}

#[test]
fn counts() {
    assert_eq!(count(999), "999");
    assert_eq!(count(1_000), "1,000");
    assert_eq!(count(1_234_567), "1,234,567");
    assert_eq!(id(42_591), "#42,591");
    let table = [(863, "863"), (3_800, "3.8k"), (12_960, "13k"), (999_600, "1.0M"), (0, "0")];
    for (value, text) in table {
        assert_eq!(compact(value), text);
    }
}

#[test]
fn percents_never_run_ahead() {
    assert_eq!(percent(0.4833), "48.3 %");
    assert_eq!(percent(0.99999), "99.9 %");
    assert_eq!(percent(1.0), "100.0 %");
    assert_eq!([share(0.0), share(0.004), share(0.3)], ["–", "·", "30"]);
}

#[test]
fn rates_have_three_figures() {
    let table =
        [(46.04, "46.0/s"), (124.2, "124/s"), (4.6, "4.60/s"), (1_240.0, "1.24k/s"), (0.0, "–")];
    for (value, text) in table {
        assert_eq!(rate(value), text);
    }
}

#[test]
fn spans() {
    let table = [
        (0, "0s"),
        (38_999, "38s"),
        (374_000, "6m 14s"),
        (7_500_000, "2h 05m"),
        (273_600_000, "3d 4h"),
    ];
    for (ms, text) in table {
        assert_eq!(span(ms), text);
    }
}

#[test]
fn a_column_has_one_unit() {
    let params = Unit::for_up_to(1_000_000);
    assert_eq!(params.text(999_123), "0.999M");
    assert_eq!(params.text(1_000_000), "1.000M");
    assert_eq!(params.text(24_000), "0.024M");
    assert_eq!(Unit::for_up_to(400_000_000).text(363_500_000), "363.5M");
    assert_eq!(Unit::for_up_to(21_970_000_000).text(21_970_000_000), "21.97G");
    assert_eq!(Unit::for_up_to(200_000).text(65_500), "65.5k");
    assert_eq!(Unit::for_up_to(900).text(12), "12");
    assert_eq!([round_size(1_000_000), round_size(1_500_000_000)], ["1 M", "1.5 G"]);
    assert_eq!([bytes(900), bytes(131_072)], ["900 B", "128.0 KiB"]);
}

#[test]
fn mutations_name_block_field_and_value() {
    let s: Structure = "SuperConvK3BNRELU(3,8,1,1)SuperResK1K5K1(8,32,1,24,1)".parse().expect("ok");
    let from = s.blocks()[1];
    let of = |to: Block| vec![Mutation { block: 1, from, to }];
    let wider = Block { out_channels: 48, bottleneck: 32, ..from };
    assert_eq!(mutation(Some(1), &of(wider)), "2 out 48 +1");
    assert_eq!(mutation_in_words(&of(wider)), "block 2: out 32→48, btl 24→32");
    let kernel = Block { kind: BlockKind::K1KxK1(crate::arch::Kernel::K3), ..from };
    assert_eq!(mutation(Some(1), &of(kernel)), "2 K5→K3");
    let family = Block { kind: BlockKind::KxKx(crate::arch::Kernel::K3), ..from };
    assert_eq!(mutation(Some(1), &of(family)), "2 K3K3");
    let two = [of(wider)[0], of(from)[0]];
    assert_eq!(mutation_in_brief(Some(1), &two), "2 out 32→48, btl 24→32   2 unchanged");
    assert_eq!(mutation_in_brief(None, &[]), "the initial structure");
    assert_eq!(mutation(Some(1), &[]), "copy");
    assert_eq!(mutation(None, &[]), "initial");
}
