# A network for PyTorch, written by zendo 0.1.0.
#
# name        example
# parameters  70,994, with 10 classes and squeeze-and-excitation
# FLOPs       10,865,312 multiply-adds, for an image of 32x32
# structure   SuperConvK3BNRELU(3,16,1,1)SuperResK3K3(16,24,2,8,1)SuperResK1K5K1(24,32,1,16,2)SuperResIDWE2K3(32,40,2,22,2)SuperConvK1BNRELU(40,64,1,1)
#
# `python FILE` prints the number of parameters and the shape of the output.
# To train it, save it as net.py: `from net import Net; net = Net(num_classes=10)`.

import torch
from torch import nn

# Added to every norm's variance, as Zen-NAS trains and scores its networks. PyTorch's own is 1e-5.
EPS = 1e-3


def conv(in_channels, out_channels, kernel, stride=1, groups=1):
    """A conv and its norm. The norm shifts, so the conv has no bias."""
    padding = (kernel - 1) // 2
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(out_channels, eps=EPS),
    )


class SqueezeExcite(nn.Module):
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


class Residual(nn.Module):
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


class ConvBlock(nn.Sequential):
    """SuperConvK*BNRELU: conv, norm, ReLU."""

    def __init__(self, in_channels, out_channels, kernel, stride, layers):
        units = []
        for _ in range(layers):
            units += [conv(in_channels, out_channels, kernel, stride), nn.ReLU(inplace=True)]
            in_channels, stride = out_channels, 1
        super().__init__(*units)


class KxKxBlock(nn.Sequential):
    """SuperResK*K*: two kxk convs with a bottleneck between them."""

    def __init__(self, in_channels, out_channels, kernel, stride, bottleneck, squeezed, layers):
        units = []
        for _ in range(layers):
            body = [
                conv(in_channels, bottleneck, kernel, stride),
                nn.ReLU(inplace=True),
                SqueezeExcite(bottleneck, squeezed),
                conv(bottleneck, out_channels, kernel),
            ]
            units.append(Residual(in_channels, out_channels, stride, not units, body))
            in_channels, stride = out_channels, 1
        super().__init__(*units)


class K1KxK1Block(nn.Sequential):
    """SuperResK1K*K1: 1x1, kxk and 1x1 convs, the bottleneck inside; twice a layer."""

    def __init__(self, in_channels, out_channels, kernel, stride, bottleneck, squeezed, layers):
        units = []
        for _ in range(2 * layers):
            body = [
                conv(in_channels, bottleneck, 1),
                nn.ReLU(inplace=True),
                conv(bottleneck, bottleneck, kernel, stride),
                nn.ReLU(inplace=True),
                SqueezeExcite(bottleneck, squeezed),
                conv(bottleneck, out_channels, 1),
            ]
            units.append(Residual(in_channels, out_channels, stride, not units, body))
            in_channels, stride = out_channels, 1
        super().__init__(*units)


class IDWBlock(nn.Sequential):
    """SuperResIDWE*K*: 1x1 to the expanded width, depthwise kxk, 1x1 back; twice a layer.

    The first half ends in the bottleneck, the second in the output.
    """

    def __init__(
        self, in_channels, out_channels, kernel, stride, bottleneck, expanded, squeezed, layers
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
                    SqueezeExcite(wide, squeezed[half]),
                    conv(wide, width, 1),
                ]
                units.append(Residual(in_channels, width, stride, not units, body))
                in_channels, stride = width, 1
        super().__init__(*units)


def initialise(module):
    """The usual start of a training. Norms have theirs already: scale 1, shift 0."""
    if isinstance(module, nn.Conv2d):
        # Kaiming normal by fan-out. nn.init counts it over all groups: far too much if depthwise.
        fan_out = module.out_channels // module.groups * module.kernel_size[0] ** 2
        nn.init.normal_(module.weight, std=(2 / fan_out) ** 0.5)
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.01)
    if isinstance(module, (nn.Conv2d, nn.Linear)) and module.bias is not None:
        nn.init.zeros_(module.bias)


class Net(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.blocks = nn.Sequential(
            ConvBlock(3, 16, kernel=3, stride=1, layers=1),
            KxKxBlock(16, 24, kernel=3, stride=2, bottleneck=8, squeezed=2, layers=1),
            K1KxK1Block(24, 32, kernel=5, stride=1, bottleneck=16, squeezed=4, layers=2),
            IDWBlock(32, 40, kernel=3, stride=2, bottleneck=22, expanded=(48, 80), squeezed=(12, 20), layers=2),
            ConvBlock(40, 64, kernel=1, stride=1, layers=1),
        )
        self.classifier = nn.Linear(64, num_classes)
        self.apply(initialise)

    def forward_features(self, x):
        """The map before pooling."""
        return self.blocks(x)

    def forward(self, x):
        """Logits."""
        return self.classifier(self.forward_features(x).mean((2, 3)))


if __name__ == "__main__":
    net = Net().eval()
    with torch.no_grad():
        output = net(torch.randn(1, 3, 32, 32))
    print(f"parameters  {sum(p.numel() for p in net.parameters()):,}")
    print(f"output      {tuple(output.shape)}")
