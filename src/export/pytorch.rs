//! A network as one Python file that loads nothing but torch.
//!
//! Owns: what stands in the file, and in which order. Must not know: the classes' text, which is
//! `modules`'. Invariant: nothing that somebody named gets out of its comment.

use super::{
    Options,
    modules::{Family, definitions},
};
use crate::{
    arch::{Block, Counting, Layer, Structure, costs, walk_sub_layer},
    text::{grouped, printable},
};

/// The network as a Python module with a class `Net`, for Python 3.8 and torch 1.8 or newer.
pub fn pytorch(structure: &Structure, options: &Options) -> String {
    let squeeze_excite =
        options.squeeze_excite && structure.blocks().iter().any(|block| block.kind.may_squeeze());
    let options = &Options { squeeze_excite, ..*options };
    let parts = [
        header(structure, options),
        "import torch\nfrom torch import nn\n".to_owned(),
        definitions(structure, options),
        INITIALISE.to_owned(),
        net(structure, options),
        main(structure, options),
    ];
    let [header, imports, rest @ ..] = parts;
    format!("{header}\n{imports}\n{}", rest.join("\n\n"))
}

/// The first two lines hold no names: there Python looks for the encoding of the file.
fn header(structure: &Structure, options: &Options) -> String {
    let Options { resolution, classes, squeeze_excite, .. } = options;
    let costs = costs(structure, &options.spec(), Counting::Exact);
    let version = env!("CARGO_PKG_VERSION");
    let mut text = format!("# A network for PyTorch, written by zendo {version}.\n#\n");
    if let Some(name) = options.name {
        text.push_str(&format!("# name        {}\n", on_one_line(name)));
    }
    let (params, flops) = (grouped(costs.params), grouped(costs.flops));
    let also = if *squeeze_excite { " and squeeze-and-excitation" } else { "" };
    text.push_str(&format!("# parameters  {params}, with {classes} classes{also}\n"));
    text.push_str(&format!(
        "# FLOPs       {flops} multiply-adds, for an image of {resolution}x{resolution}\n"
    ));
    text.push_str(&format!("# structure   {structure}\n"));
    text.push_str(
        "#\n\
         # `python FILE` prints the number of parameters and the shape of the output.\n\
         # To train it, save it as net.py: `from net import Net; net = Net(num_classes=10)`.\n",
    );
    text
}

/// `name` without what ends a line, for Python or for a reader, or turns the direction of the text.
fn on_one_line(name: &str) -> String {
    let misleads = |c| matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    printable(name).replace(misleads, "\u{fffd}")
}

const INITIALISE: &str = r#"def initialise(module):
    """The usual start of a training. Norms have theirs already: scale 1, shift 0."""
    if isinstance(module, nn.Conv2d):
        # Kaiming normal by fan-out. nn.init counts it over all groups: far too much if depthwise.
        fan_out = module.out_channels // module.groups * module.kernel_size[0] ** 2
        nn.init.normal_(module.weight, std=(2 / fan_out) ** 0.5)
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.01)
    if isinstance(module, (nn.Conv2d, nn.Linear)) and module.bias is not None:
        nn.init.zeros_(module.bias)
"#;

fn net(structure: &Structure, options: &Options) -> String {
    let classes = options.classes;
    let rows: String =
        structure.blocks().iter().map(|b| format!("            {},\n", row(b, options))).collect();
    let last = structure.blocks().last().expect("a structure has a block").out_channels;
    format!(
        r#"class Net(nn.Module):
    def __init__(self, num_classes={classes}):
        super().__init__()
        self.blocks = nn.Sequential(
{rows}        )
        self.classifier = nn.Linear({last}, num_classes)
        self.apply(initialise)

    def forward_features(self, x):
        """The map before pooling."""
        return self.blocks(x)

    def forward(self, x):
        """Logits."""
        return self.classifier(self.forward_features(x).mean((2, 3)))
"#
    )
}

/// The call that makes `block`. Inner widths that follow from others are read off its layers, which
/// are the same in all its sub-layers.
fn row(block: &Block, options: &Options) -> String {
    let (mut expanded, mut squeezed) = (Vec::new(), Vec::new());
    // Widths don't depend on the resolution.
    walk_sub_layer(block, 0, 1, &options.spec(), &mut |at| match at.layer {
        Layer::Conv(conv) if conv.is_depthwise() => expanded.push(conv.out_channels),
        Layer::SqueezeExcite { squeezed: channels, .. } => squeezed.push(channels),
        Layer::Conv(_)
        | Layer::Norm { .. }
        | Layer::Relu
        | Layer::MaxPool(_)
        | Layer::Shortcut(_)
        | Layer::GlobalAvgPool
        | Layer::Linear { .. } => {}
    });
    let Block { kind, in_channels, out_channels, stride, bottleneck, sub_layers } = *block;
    let family = Family::of(kind);
    let (name, kernel) = (family.name(), kind.kernel().side());
    let mut text =
        format!("{name}({in_channels}, {out_channels}, kernel={kernel}, stride={stride}");
    match family {
        Family::Conv | Family::MaxPool | Family::LinearConv => {}
        Family::MbConv => {
            let expansion = expanded.first().map_or(0, |wide| wide / in_channels);
            text.push_str(&format!(", expansion={expansion}"));
            if let Some(first) = squeezed.first() {
                // What sub-layers behind the first take is as wide as what they give.
                let later = squeezed_later(block, options).unwrap_or(*first);
                text.push_str(&format!(", squeezed={}", tuple(&[*first, later])));
            }
        }
        Family::KxKx | Family::K1KxK1 | Family::Basic | Family::Bottleneck => {
            text.push_str(&format!(", bottleneck={bottleneck}"));
            // Both halves of a sub-layer squeeze alike.
            if let Some(channels) = squeezed.first() {
                text.push_str(&format!(", squeezed={channels}"));
            }
        }
        Family::Idw => {
            text.push_str(&format!(", bottleneck={bottleneck}, expanded={}", tuple(&expanded)));
            if !squeezed.is_empty() {
                text.push_str(&format!(", squeezed={}", tuple(&squeezed)));
            }
        }
    }
    text + &format!(", layers={sub_layers})")
}

/// What a sub-layer behind the first squeezes to.
fn squeezed_later(block: &Block, options: &Options) -> Option<u32> {
    let mut squeezed = None;
    walk_sub_layer(block, 1, 1, &options.spec(), &mut |at| {
        if let Layer::SqueezeExcite { squeezed: channels, .. } = at.layer {
            squeezed = Some(channels);
        }
    });
    squeezed
}

/// A Python tuple of several widths.
fn tuple(widths: &[u32]) -> String {
    let widths: Vec<String> = widths.iter().map(u32::to_string).collect();
    format!("({})", widths.join(", "))
}

fn main(structure: &Structure, options: &Options) -> String {
    let resolution = options.resolution;
    let channels = structure.blocks()[0].in_channels;
    format!(
        r#"if __name__ == "__main__":
    net = Net().eval()
    with torch.no_grad():
        output = net(torch.randn(1, {channels}, {resolution}, {resolution}))
    print(f"parameters  {{sum(p.numel() for p in net.parameters()):,}}")
    print(f"output      {{tuple(output.shape)}}")
"#
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        arch::{BlockKind, Kernel, samples::any_structure},
        space::published_nets,
    };

    fn options(squeeze_excite: bool) -> Options<'static> {
        Options { name: None, resolution: 32, classes: 10, squeeze_excite }
    }

    /// What the classes make of the file's rows, in formulas of its own: a conv has no bias, a norm
    /// two numbers a channel, a projection a bias besides; squeeze-and-excitation is two convs.
    fn params_of_rows(file: &str) -> u64 {
        let conv = |i: u64, o: u64, k: u64| i * o * k * k + 2 * o;
        let depthwise = |c: u64, k: u64| c * k * k + 2 * c;
        let gate = |c: u64, s: u64| if s == 0 { 0 } else { conv(c, s, 1) + conv(s, c, 1) };
        let shortcut = |i: u64, o: u64, first: bool| {
            if first || i != o { i * o + o + 2 * o } else { 0 }
        };
        let rows = file.split_once("self.blocks = nn.Sequential(\n").expect("a list").1;
        let (rows, rest) = rows.split_once("        )\n").expect("its end");
        let linear = rest.split_once("nn.Linear(").expect("a classifier").1;
        let inputs: u64 = linear.split(',').next().expect("inputs").parse().expect("a number");
        let mut params = inputs * 10 + 10;
        for row in rows.lines() {
            let (class, arguments) = row.trim().split_once('(').expect("a call");
            let named = |key: &str| -> Vec<u64> {
                let Some((_, value)) = arguments.split_once(&format!("{key}=")) else {
                    return vec![0; 2];
                };
                let value = value.trim_start_matches('(').split([')', '=']).next().expect("some");
                value.split(", ").map_while(|number| number.parse().ok()).collect()
            };
            let (i, rest) = arguments.split_once(", ").expect("the input");
            let (o, _) = rest.split_once(", ").expect("the output");
            let (mut i, o): (u64, u64) = (i.parse().expect("input"), o.parse().expect("output"));
            let (k, b, s, e) =
                (named("kernel")[0], named("bottleneck")[0], named("squeezed"), named("expanded"));
            let stride = named("stride")[0];
            let resnet_shortcut = |i: u64, o: u64, layer: u64| {
                if (layer == 0 && stride > 1) || i != o { conv(i, o, 1) } else { 0 }
            };
            for layer in 0..named("layers")[0] {
                let first = layer == 0;
                match class {
                    "ConvBlock" => params += conv(i, o, k),
                    "KxKxBlock" => {
                        params += conv(i, b, k) + gate(b, s[0]) + conv(b, o, k);
                        params += shortcut(i, o, first);
                    }
                    "MaxPool" => {}
                    "BasicBlock" => {
                        params += conv(i, b, k) + gate(b, s[0]) + conv(b, o, k);
                        params += resnet_shortcut(i, o, layer);
                    }
                    "Bottleneck" => {
                        params += conv(i, b, 1) + conv(b, b, k) + gate(b, s[0]) + conv(b, o, 1);
                        params += resnet_shortcut(i, o, layer);
                    }
                    "MBConv" => {
                        let wide = named("expansion")[0] * i;
                        params += conv(i, wide, 1) + depthwise(wide, k);
                        params += gate(wide, s[layer.min(1) as usize]) + conv(wide, o, 1);
                    }
                    "LinearConv" => params += conv(i, o, k),
                    "K1KxK1Block" => {
                        let inner = conv(b, b, k) + gate(b, s[0]) + conv(b, o, 1);
                        params += conv(i, b, 1) + inner + shortcut(i, o, first);
                        params += conv(o, b, 1) + inner;
                    }
                    "IDWBlock" => {
                        params += conv(i, e[0], 1) + depthwise(e[0], k) + gate(e[0], s[0]);
                        params += conv(e[0], b, 1) + shortcut(i, b, first);
                        params += conv(b, e[1], 1) + depthwise(e[1], k) + gate(e[1], s[1]);
                        params += conv(e[1], o, 1) + shortcut(b, o, false);
                    }
                    _ => panic!("no formula for {class}"),
                }
                i = o;
            }
        }
        params
    }

    fn check(structure: &Structure) -> Result<(), TestCaseError> {
        for squeeze_excite in [false, true] {
            let options = options(squeeze_excite);
            let file = pytorch(structure, &options);
            let exact = costs(structure, &options.spec(), Counting::Exact).params;
            prop_assert_eq!(params_of_rows(&file), exact, "{}", file);
            let stated = format!("# parameters  {}, ", grouped(exact));
            prop_assert!(file.contains(&stated));
            let of_zen_nas = |b: &Block| b.kind.is_residual() && b.kind.is_searchable();
            let has_any = |of: &dyn Fn(&Block) -> bool| structure.blocks().iter().any(of);
            prop_assert_eq!(file.contains("class Residual"), has_any(&of_zen_nas));
            let of_resnets = |b: &Block| b.kind.is_residual() && !b.kind.is_searchable();
            prop_assert_eq!(file.contains("class ResNetResidual"), has_any(&of_resnets));
            let mobile = |b: &Block| matches!(b.kind, BlockKind::MbConv(..));
            prop_assert_eq!(file.contains("class InvertedResidual"), has_any(&mobile));
            let gated = squeeze_excite && has_any(&|b| b.kind.may_squeeze());
            prop_assert_eq!(file.contains("SqueezeExcite"), gated);
            prop_assert!(!file.contains(['«', '»']));
            prop_assert_eq!(file, pytorch(structure, &options));
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn rows_make_as_many_parameters_as_are_counted(structure in any_structure()) {
            check(&structure)?;
        }

        #[test]
        fn no_name_leaves_its_comment(name in "(\\PC|[\\n\\r\\x0c\\x00\\x1b\u{2028}\u{202e}\"'\\\\]){0,40}") {
            let block = Block {
                kind: BlockKind::Conv(Kernel::K1),
                in_channels: 3,
                out_channels: 8,
                stride: 1,
                bottleneck: 0,
                sub_layers: 1,
            };
            let structure = Structure::new(vec![block]).expect("valid");
            let nameless = pytorch(&structure, &options(false));
            let named = pytorch(&structure, &Options { name: Some(&name), ..options(false) });
            let added: Vec<_> = named.split(['\n', '\r', '\x0c', '\u{2028}']).collect();
            let rest: Vec<_> = nameless.split('\n').collect();
            prop_assert_eq!(&added[..2], &rest[..2]);
            prop_assert!(added[2].starts_with("# name        "));
            prop_assert_eq!(&added[3..], &rest[2..]);
        }
    }

    #[test]
    fn published_nets_have_as_many_parameters_as_are_counted() {
        for net in published_nets() {
            check(&net.structure).expect(net.name);
        }
    }
}
