//! Multiply-adds a second of every layer shape of the published nets, as a part of what the core
//! can do: `cargo bench --bench kernels [-- [--kernels PATH] [--batch B] [--resolution R] NET...]`.

use std::{collections::BTreeMap, time::Duration};

use zendo::{
    arch::Structure,
    nn::{
        Device, InputSpec, KernelChoice, KernelPath, PhiloxNormals, PlainNetwork, Precision, Runner,
    },
};

const ROUNDS: u32 = 7;

struct Options {
    path: KernelPath,
    batch: u32,
    resolution: u32,
    nets: Vec<String>,
}

fn options() -> Options {
    let mut options =
        Options { path: KernelPath::best(), batch: 16, resolution: 32, nets: Vec::new() };
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    while let Some(arg) = args.next() {
        let mut value = || args.next().expect("a value follows");
        match arg.as_str() {
            "--kernels" => {
                let KernelChoice::Path(path) = value().parse().expect("kernels") else {
                    panic!("one path")
                };
                options.path = path;
            }
            "--batch" => options.batch = value().parse().expect("a number"),
            "--resolution" => options.resolution = value().parse().expect("a number"),
            _ => options.nets.push(arg),
        }
    }
    if options.nets.is_empty() {
        options.nets.push("zennet_cifar_model_size1M_res32".to_owned());
    }
    options
}

fn structure(name: &str) -> Structure {
    let shipped = zendo::space::published_nets().find(|net| net.name == name);
    shipped.map_or_else(|| name.parse().expect("a structure"), |net| net.structure)
}

/// Times of one shape of layers.
#[derive(Default)]
struct Shape {
    count: u32,
    macs: u64,
    macs_with_padding: u64,
    drawing: Duration,
    computing: Duration,
}

fn main() {
    let options = options();
    let device = Device::cpu().with_kernels(KernelChoice::Path(options.path)).expect("available");
    let peak = options.path.measured_peak();
    println!("{}: {:.1} G multiply-adds a second at most", options.path.name(), peak / 1e9);
    for name in &options.nets {
        let input = InputSpec {
            batch: options.batch,
            resolution: options.resolution,
            precision: Precision::F32,
        };
        let network = PlainNetwork::new(&structure(name), input);
        let mut runner = Runner::new(&device).expect("a runner");
        let rounds: Vec<_> = (0..ROUNDS)
            .map(|repeat| {
                runner.profile(&network, PhiloxNormals { seed: 1, repeat }).expect("runs")
            })
            .collect();
        let convs: Vec<_> = network.convs().collect();
        let mut shapes: BTreeMap<String, Shape> = BTreeMap::new();
        for (i, step) in rounds[0].iter().enumerate() {
            let label = step.layers.clone().map(|layer| {
                let (conv, at) = convs[layer];
                let kind = if conv.is_depthwise() { "dw" } else { "" };
                format!(
                    "{kind}{0}×{0} {1}→{2}{3} @{4}",
                    conv.kernel.side(),
                    conv.in_channels,
                    conv.out_channels,
                    if conv.stride > 1 { format!(" /{}", conv.stride) } else { String::new() },
                    at.input.resolution,
                )
            });
            let label = label.collect::<Vec<_>>().join(" + ");
            let median = |of: &dyn Fn(&zendo::nn::StepTime) -> Duration| {
                let mut times: Vec<_> = rounds.iter().map(|steps| of(&steps[i])).collect();
                times.sort();
                times[times.len() / 2]
            };
            let shape = shapes.entry(label).or_default();
            shape.count += 1;
            shape.macs += step.macs;
            shape.macs_with_padding += step.macs_with_padding;
            shape.drawing += median(&|step| step.drawing);
            shape.computing += median(&|step| step.computing);
        }
        println!("\n{name}, batch {}, {} px", options.batch, options.resolution);
        println!("| count | draw ms | run ms | of peak | without padding | layers |");
        println!("|--:|--:|--:|--:|--:|:--|");
        let mut shapes: Vec<_> = shapes.into_iter().collect();
        shapes.sort_by_key(|(_, shape)| std::cmp::Reverse(shape.computing));
        let mut total = Shape::default();
        for (label, shape) in &shapes {
            print(label, shape, peak);
            total.count += shape.count;
            total.macs += shape.macs;
            total.macs_with_padding += shape.macs_with_padding;
            total.drawing += shape.drawing;
            total.computing += shape.computing;
        }
        print("all", &total, peak);
    }
}

fn print(label: &str, shape: &Shape, peak: f64) {
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let part = |macs: u64| macs as f64 / shape.computing.as_secs_f64() / peak * 100.0;
    let (all, seen) = (part(shape.macs_with_padding), part(shape.macs));
    let (count, drawing, computing) = (shape.count, ms(shape.drawing), ms(shape.computing));
    println!("| {count} | {drawing:.3} | {computing:.3} | {all:.1} % | {seen:.1} % | {label} |");
}
