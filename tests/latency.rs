//! The published V100 library, as a table.

use std::{fs::File, io::Read as _, path::Path, sync::Arc};

use flate2::read::GzDecoder;
use zendo::{
    arch::NetSpec,
    latency::{Fold, Predictor, Provenance, Table, cross_validate, v100_library},
};

/// None, saying so, where the file is absent.
fn v100() -> Option<Table> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data/v100_op_latency/conv_data.out.fp16.gz");
    let Ok(file) = File::open(&path) else {
        eprintln!("skipped: there is no {}", path.display());
        return None;
    };
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).expect("gzip text");
    let imported = v100_library(&text).expect("as published");
    assert_eq!((imported.rows.len(), imported.failed), (89_759, 1_091));
    let mut table = Table::new(Provenance::default());
    table.rows = imported.rows;
    Some(table)
}

#[test]
fn held_out_layers_of_the_v100_library_are_told_within_ten_percent() {
    let Some(table) = v100() else { return };
    for batch in [1, 32, 64, 128] {
        for fold in [Fold::Layer, Fold::Widths] {
            let checked = cross_validate(&table, batch, fold).expect("it has the batch");
            println!("{batch} {fold:?} {:?}", checked.all);
            if batch == 64 {
                for (make, errors) in &checked.makes {
                    println!("   {make:?} {errors:?}");
                }
            }
        }
    }
}

#[test]
fn nets() {
    let Some(table) = v100() else { return };
    let predictor = Arc::new(Predictor::new(&table, None, 224).expect("it has batch 64"));
    for net in zendo::space::published_nets() {
        let (name, structure) = (net.name, net.structure);
        let spec = NetSpec::residual(224, 1000);
        let estimate = predictor.net(&structure, &spec);
        println!(
            "{name} {:.3} {:.3} {:.3} extrapolated {:.3}",
            estimate.ms, estimate.low_ms, estimate.high_ms, estimate.extrapolated
        );
    }
}
