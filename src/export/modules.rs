//! The Python that the blocks of a PyTorch file are made of: one class a family of block kinds.
//!
//! Owns: the text of the classes. Must not know: which network they are for. Invariant: a class
//! builds what `arch::layers` expands its family to.

use super::Options;
use crate::arch::{BlockKind, Structure};

/// Block kinds that differ by numbers only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Conv,
    KxKx,
    K1KxK1,
    Idw,
    MaxPool,
    Basic,
    Bottleneck,
    MbConv,
    LinearConv,
}

impl Family {
    /// In the order the classes stand in a file.
    const ALL: [Family; 9] = [
        Family::Conv,
        Family::KxKx,
        Family::K1KxK1,
        Family::Idw,
        Family::MaxPool,
        Family::Basic,
        Family::Bottleneck,
        Family::MbConv,
        Family::LinearConv,
    ];

    pub(super) fn of(kind: BlockKind) -> Family {
        match kind {
            BlockKind::Conv(_) => Family::Conv,
            BlockKind::KxKx(_) => Family::KxKx,
            BlockKind::K1KxK1(_) => Family::K1KxK1,
            BlockKind::Idw(..) => Family::Idw,
            BlockKind::MaxPool => Family::MaxPool,
            BlockKind::Basic => Family::Basic,
            BlockKind::Bottleneck => Family::Bottleneck,
            BlockKind::MbConv(..) => Family::MbConv,
            BlockKind::LinearConv => Family::LinearConv,
        }
    }

    /// Of its class.
    pub(super) fn name(self) -> &'static str {
        match self {
            Family::Conv => "ConvBlock",
            Family::KxKx => "KxKxBlock",
            Family::K1KxK1 => "K1KxK1Block",
            Family::Idw => "IDWBlock",
            Family::MaxPool => "MaxPool",
            Family::Basic => "BasicBlock",
            Family::Bottleneck => "Bottleneck",
            Family::MbConv => "MBConv",
            Family::LinearConv => "LinearConv",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Family::Conv => CONV_BLOCK,
            Family::KxKx => KXKX_BLOCK,
            Family::K1KxK1 => K1KXK1_BLOCK,
            Family::Idw => IDW_BLOCK,
            Family::MaxPool => MAX_POOL,
            Family::Basic => BASIC_BLOCK,
            Family::Bottleneck => BOTTLENECK,
            Family::MbConv => MB_CONV,
            Family::LinearConv => LINEAR_CONV,
        }
    }
}

/// The definitions that the blocks of `structure` need, and no others.
pub(super) fn definitions(structure: &Structure, options: &Options) -> String {
    let families: Vec<Family> = Family::ALL
        .into_iter()
        .filter(|family| structure.blocks().iter().any(|b| Family::of(b.kind) == *family))
        .collect();
    let zen_nas = [Family::KxKx, Family::K1KxK1, Family::Idw];
    let resnet = [Family::Basic, Family::Bottleneck];
    let has_any = |of: &[Family]| families.iter().any(|family| of.contains(family));
    let parts = [
        Some(CONV),
        options.squeeze_excite.then_some(SQUEEZE_EXCITE),
        has_any(&zen_nas).then_some(RESIDUAL),
        has_any(&resnet).then_some(RESNET_RESIDUAL),
        has_any(&[Family::MbConv]).then_some(INVERTED_RESIDUAL),
    ];
    let classes = families.into_iter().map(Family::class);
    let parts: Vec<String> =
        parts.into_iter().flatten().chain(classes).map(|part| chosen(part, options)).collect();
    parts.join("\n\n")
}

/// `template` with what stands between « and » only under squeeze-and-excitation.
fn chosen(template: &str, options: &Options) -> String {
    let (mut text, mut rest) = (String::new(), template);
    while let Some((before, behind)) = rest.split_once('«') {
        let (inside, after) = behind.split_once('»').expect("marks of a template come in pairs");
        text.push_str(before);
        text.push_str(if options.squeeze_excite { inside } else { "" });
        rest = after;
    }
    text + rest
}

const CONV: &str = r#"# Added to every norm's variance, as Zen-NAS trains and scores its networks. PyTorch's own is 1e-5.
EPS = 1e-3


def conv(in_channels, out_channels, kernel, stride=1, groups=1):
    """A conv and its norm. The norm shifts, so the conv has no bias."""
    padding = (kernel - 1) // 2
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(out_channels, eps=EPS),
    )
"#;

const SQUEEZE_EXCITE: &str = r#"class SqueezeExcite(nn.Module):
    """Scales every channel by a gate that sees the means of all channels."""

    def __init__(self, channels, squeezed):
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            conv(channels, squeezed, 1),
            nn.ReLU(inplace=True),
            conv(squeezed, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return x * self.gate(x)
"#;

const RESIDUAL: &str = r#"class Residual(nn.Module):
    """Adds a shortcut to what `body` makes of a map.

    The first of a block projects its shortcut, and so does one that changes the channels.
    """

    def __init__(self, in_channels, out_channels, stride, first, body):
        super().__init__()
        self.body = nn.Sequential(*body)
        self.shortcut = nn.Identity()
        if first or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride),
                nn.BatchNorm2d(out_channels, eps=EPS),
            )

    def forward(self, x):
        return torch.relu(self.body(x) + self.shortcut(x))
"#;

const CONV_BLOCK: &str = r#"class ConvBlock(nn.Sequential):
    """SuperConvK*BNRELU: conv, norm, ReLU."""

    def __init__(self, in_channels, out_channels, kernel, stride, layers):
        units = []
        for _ in range(layers):
            units += [conv(in_channels, out_channels, kernel, stride), nn.ReLU(inplace=True)]
            in_channels, stride = out_channels, 1
        super().__init__(*units)
"#;

const KXKX_BLOCK: &str = r#"class KxKxBlock(nn.Sequential):
    """SuperResK*K*: two kxk convs with a bottleneck between them."""

    def __init__(self, in_channels, out_channels, kernel, stride, bottleneck, «squeezed, »layers):
        units = []
        for _ in range(layers):
            body = [
                conv(in_channels, bottleneck, kernel, stride),
                nn.ReLU(inplace=True),
«                SqueezeExcite(bottleneck, squeezed),
»                conv(bottleneck, out_channels, kernel),
            ]
            units.append(Residual(in_channels, out_channels, stride, not units, body))
            in_channels, stride = out_channels, 1
        super().__init__(*units)
"#;

const K1KXK1_BLOCK: &str = r#"class K1KxK1Block(nn.Sequential):
    """SuperResK1K*K1: 1x1, kxk and 1x1 convs, the bottleneck inside; twice a layer."""

    def __init__(self, in_channels, out_channels, kernel, stride, bottleneck, «squeezed, »layers):
        units = []
        for _ in range(2 * layers):
            body = [
                conv(in_channels, bottleneck, 1),
                nn.ReLU(inplace=True),
                conv(bottleneck, bottleneck, kernel, stride),
                nn.ReLU(inplace=True),
«                SqueezeExcite(bottleneck, squeezed),
»                conv(bottleneck, out_channels, 1),
            ]
            units.append(Residual(in_channels, out_channels, stride, not units, body))
            in_channels, stride = out_channels, 1
        super().__init__(*units)
"#;

const IDW_BLOCK: &str = r#"class IDWBlock(nn.Sequential):
    """SuperResIDWE*K*: 1x1 to the expanded width, depthwise kxk, 1x1 back; twice a layer.

    The first half ends in the bottleneck, the second in the output.
    """

    def __init__(
        self, in_channels, out_channels, kernel, stride, bottleneck, expanded, «squeezed, »layers
    ):
        units = []
        for _ in range(layers):
            for half, width in enumerate((bottleneck, out_channels)):
                wide = expanded[half]
                body = [
                    conv(in_channels, wide, 1),
                    nn.ReLU(inplace=True),
                    conv(wide, wide, kernel, stride, groups=wide),
                    nn.ReLU(inplace=True),
«                    SqueezeExcite(wide, squeezed[half]),
»                    conv(wide, width, 1),
                ]
                units.append(Residual(in_channels, width, stride, not units, body))
                in_channels, stride = width, 1
        super().__init__(*units)
"#;

const RESNET_RESIDUAL: &str = r#"class ResNetResidual(nn.Module):
    """Adds a shortcut to what `body` makes of a map, projected where shapes differ."""

    def __init__(self, in_channels, out_channels, stride, body):
        super().__init__()
        self.body = nn.Sequential(*body)
        self.shortcut = nn.Identity()
        if stride > 1 or in_channels != out_channels:
            self.shortcut = conv(in_channels, out_channels, 1, stride)

    def forward(self, x):
        return torch.relu(self.body(x) + self.shortcut(x))
"#;

const MAX_POOL: &str = r#"class MaxPool(nn.MaxPool2d):
    """MaxPoolK3."""

    def __init__(self, in_channels, out_channels, kernel, stride, layers):
        super().__init__(kernel, stride, padding=(kernel - 1) // 2)
"#;

const BASIC_BLOCK: &str = r#"class BasicBlock(nn.Sequential):
    """ResNet-18's and -34's: two 3x3 convs."""

    def __init__(self, in_channels, out_channels, kernel, stride, bottleneck, «squeezed, »layers):
        units = []
        for _ in range(layers):
            body = [
                conv(in_channels, bottleneck, kernel, stride),
                nn.ReLU(inplace=True),
«                SqueezeExcite(bottleneck, squeezed),
»                conv(bottleneck, out_channels, kernel),
            ]
            units.append(ResNetResidual(in_channels, out_channels, stride, body))
            in_channels, stride = out_channels, 1
        super().__init__(*units)
"#;

const BOTTLENECK: &str = r#"class Bottleneck(nn.Sequential):
    """ResNet-50's and deeper ones': 1x1, 3x3 and 1x1 convs."""

    def __init__(self, in_channels, out_channels, kernel, stride, bottleneck, «squeezed, »layers):
        units = []
        for _ in range(layers):
            body = [
                conv(in_channels, bottleneck, 1),
                nn.ReLU(inplace=True),
                conv(bottleneck, bottleneck, kernel, stride),
                nn.ReLU(inplace=True),
«                SqueezeExcite(bottleneck, squeezed),
»                conv(bottleneck, out_channels, 1),
            ]
            units.append(ResNetResidual(in_channels, out_channels, stride, body))
            in_channels, stride = out_channels, 1
        super().__init__(*units)
"#;

const INVERTED_RESIDUAL: &str = r#"class InvertedResidual(nn.Module):
    """Adds the map itself to what `body` makes of it, where shapes agree. No ReLU follows."""

    def __init__(self, in_channels, out_channels, stride, body):
        super().__init__()
        self.body = nn.Sequential(*body)
        self.adds = stride == 1 and in_channels == out_channels

    def forward(self, x):
        return self.body(x) + x if self.adds else self.body(x)
"#;

const MB_CONV: &str = r#"class MBConv(nn.Sequential):
    """MBConvE*K*: 1x1 to the expanded width, depthwise kxk, 1x1 without a ReLU (MobileNetV2)."""

    def __init__(self, in_channels, out_channels, kernel, stride, expansion, «squeezed, »layers):
        units = []
        for layer in range(layers):
            wide = expansion * in_channels
            body = [
                conv(in_channels, wide, 1),
                nn.ReLU(inplace=True),
                conv(wide, wide, kernel, stride, groups=wide),
                nn.ReLU(inplace=True),
«                SqueezeExcite(wide, squeezed[min(layer, 1)]),
»                conv(wide, out_channels, 1),
            ]
            units.append(InvertedResidual(in_channels, out_channels, stride, body))
            in_channels, stride = out_channels, 1
        super().__init__(*units)
"#;

const LINEAR_CONV: &str = r#"class LinearConv(nn.Sequential):
    """ConvK1BN: conv and norm, no ReLU."""

    def __init__(self, in_channels, out_channels, kernel, stride, layers):
        units = []
        for _ in range(layers):
            units.append(conv(in_channels, out_channels, kernel, stride))
            in_channels, stride = out_channels, 1
        super().__init__(*units)
"#;
