"""The Zen-Score of structures in PyTorch, as one would write it without zendo.

    pip install torch
    python benches/pytorch_zen.py [--batch B] [--resolution PX] [--repeats N] [--threads N]
                                  [--channels-last] [--seed S] [--device cpu|cuda] STRUCTURE...

One JSON line a structure: mean and standard deviation of the score (the `table` definition), and
the medians of a candidate's CPU time and of its time on the clock: parsing, building, drawing and
both passes. The programs benches/against_pytorch.py and benches/on_a_gpu.py set it side by side
with zendo.
"""

import argparse
import json
import re
import statistics
import time
from typing import NamedTuple

import torch
import torch.nn.functional as F

ALPHA = 0.01
EPS = 1e-3
BLOCK = re.compile(r"\s*(\w+)\((?:[^|()]*\|)?([\d,\s]+)\)\s*")


class Conv(NamedTuple):
    """A conv without bias, padded by (kernel - 1) / 2, that a norm and a ReLU follow."""

    inputs: int
    outputs: int
    kernel: int
    stride: int = 1
    groups: int = 1


def round8(width):
    """To the nearest multiple of 8, ties to the even one, at least 8."""
    return max(8, round(width / 8) * 8)


def bottleneck(inputs, inner, outputs, kernel, stride, groups=1):
    yield Conv(inputs, inner, 1)
    yield Conv(inner, inner, kernel, stride, groups)
    yield Conv(inner, outputs, 1)


def sub_layer(name, inputs, outputs, stride, inner):
    """The convs of one sub-layer, without residual links."""
    if match := re.fullmatch(r"SuperConvK(\d)BNRELU", name):
        yield Conv(inputs, outputs, int(match[1]), stride)
    elif match := re.fullmatch(r"SuperResK1K(\d)K1", name):
        kernel = int(match[1])
        yield from bottleneck(inputs, inner, outputs, kernel, stride)
        yield from bottleneck(outputs, inner, outputs, kernel, 1)
    elif match := re.fullmatch(r"SuperResK(\d)K\1", name):
        yield Conv(inputs, inner, int(match[1]), stride)
        yield Conv(inner, outputs, int(match[1]))
    elif match := re.fullmatch(r"SuperResIDWE(\d)K(\d)", name):
        expansion, kernel = int(match[1]), int(match[2])
        wide, wider = round8(inner * expansion), round8(outputs * expansion)
        yield from bottleneck(inputs, wide, inner, kernel, stride, groups=wide)
        yield from bottleneck(inner, wider, outputs, kernel, 1, groups=wider)
    else:
        raise ValueError(f"no block is called {name}")


def parse(structure):
    """The convs of a structure string in order."""
    convs, at = [], 0
    while at < len(structure):
        match = BLOCK.match(structure, at)
        if not match:
            raise ValueError(f"no block at character {at + 1} of the structure")
        at, name = match.end(), match[1]
        numbers = [int(number) for number in match[2].split(",")]
        inputs, outputs, stride, *inner, sub_layers = numbers
        for _ in range(sub_layers):
            convs += sub_layer(name, inputs, outputs, stride, inner[0] if inner else 0)
            inputs, stride = outputs, 1
    return convs


def forward(convs, weights, x):
    """The map before pooling, and the biased batch variance of every channel of every norm."""
    variances = []
    for conv, weight in zip(convs, weights):
        x = F.conv2d(x, weight, None, conv.stride, (conv.kernel - 1) // 2, 1, conv.groups)
        mean, variance = x.new_zeros(conv.outputs), x.new_ones(conv.outputs)
        values = x.numel() // conv.outputs
        # With momentum 1 the norm leaves its own statistics, so no pass is spent on them.
        x = F.relu_(F.batch_norm(x, mean, variance, training=True, momentum=1.0, eps=EPS))
        variances.append(variance * ((values - 1) / values))
    return x, variances


@torch.inference_mode()
def zen_score(structure, batch, resolution, memory_format, device="cpu"):
    def normals(*shape):
        return torch.randn(shape, device=device).contiguous(memory_format=memory_format)

    convs = parse(structure)
    weights = [normals(c.outputs, c.inputs // c.groups, c.kernel, c.kernel) for c in convs]
    image = normals(batch, convs[0].inputs, resolution, resolution)
    clean, variances = forward(convs, weights, image)
    moved, _ = forward(convs, weights, image + ALPHA * normals(*image.shape))
    delta = clean.sub_(moved).flatten(1).norm(p=1, dim=1).mean()
    # One log of a stack: a tensor operation a norm would be nothing but overhead.
    sigmas = torch.stack([variance.mean() for variance in variances])
    return (delta.log() + 0.5 * sigmas.log().sum()).item()


def main():
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=as_written)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--resolution", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("structures", nargs="+", metavar="STRUCTURE")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    # Scores are f32 on both sides.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    memory_format = torch.channels_last if args.channels_last else torch.contiguous_format
    for structure in args.structures:
        scores, times, walls = [], [], []
        setting = (args.batch, args.resolution, memory_format, args.device)
        if args.device != "cpu":
            # The first one compiles and picks kernels.
            zen_score(structure, *setting)
        for repeat in range(args.repeats):
            torch.manual_seed(args.seed + repeat)
            start, wall = time.process_time(), time.perf_counter()
            scores.append(zen_score(structure, *setting))
            times.append((time.process_time() - start) * 1e3)
            walls.append((time.perf_counter() - wall) * 1e3)
        line = {
            "structure": structure,
            "batch": args.batch,
            "resolution": args.resolution,
            "cpu_ms": statistics.median(times),
            "ms": statistics.median(walls),
            "score": {
                "mean": statistics.mean(scores),
                "std": statistics.stdev(scores) if len(scores) > 1 else None,
            },
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
