"""What a candidate costs in zendo and in PyTorch, in turns on one machine, as a Markdown table.

    cargo build --release
    python benches/against_pytorch.py [--zendo target/release/zendo] [--kernels auto]
                                      [--rounds 3] [--repeats 5] [--python PYTHON]
                                      [--baseline benches/pytorch_zen.py]
                                      [--resolution-option resolution]

A baseline takes `--batch B --resolution PX --repeats N --threads 1 [--channels-last] STRUCTURE` and
prints a JSON line with `cpu_ms`; --resolution-option says what else it may call the resolution. A
round runs every program once a row, and the table shows medians over the rounds; zendo's number is
its mean over the repeats, its first candidate included.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

BENCHES = Path(__file__).resolve().parent

CIFAR = "zennet_cifar_model_size1M_res32"
FLOPS = "zennet_imagenet1k_flops400M_res224"
LATENCY = "zennet_imagenet1k_latency02ms_res224"
# Those of benches/candidates.rs: net, batch, resolution.
ROWS = [
    (CIFAR, 16, 32),
    (CIFAR, 64, 32),
    (CIFAR, 2, 32),
    (FLOPS, 4, 224),
    (FLOPS, 8, 64),
    (LATENCY, 8, 64),
]


def last_json_line(command):
    """What a program says last; its messages go to standard error as they come."""
    command = [str(part) for part in command]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(result.stdout.splitlines()[-1])


def run_zendo(args, row):
    net, batch, resolution = row
    command = [args.zendo, "score", net, "--json", "--device", "cpu", "--kernels", args.kernels]
    command += ["--batch", batch, "--resolution", resolution, "--repeats", args.repeats]
    return last_json_line(command)


def run_pytorch(args, row, structure, *more):
    _, batch, resolution = row
    command = [args.python, args.baseline, f"--{args.resolution_option}", resolution]
    command += ["--batch", batch, "--repeats", args.repeats, "--threads", 1, *more, structure]
    return last_json_line(command)["cpu_ms"]


def main():
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=as_written)
    option = parser.add_argument
    option("--zendo", default=BENCHES.parent / "target/release/zendo", metavar="PROGRAM")
    option("--kernels", default="auto", help="as `zendo score` takes them")
    option("--rounds", type=int, default=3)
    option("--repeats", type=int, default=5, help="candidates of a run")
    option("--baseline", default=BENCHES / "pytorch_zen.py", metavar="SCRIPT")
    option("--python", default=sys.executable, help="one that has torch")
    option("--resolution-option", default="resolution", metavar="NAME")
    args = parser.parse_args()

    # Whole rounds, not row after row: the machine is then as busy for one row as for another.
    times = {row: ([], [], []) for row in ROWS}
    kernels = args.kernels
    for number in range(1, args.rounds + 1):
        for row, (contiguous, channels_last, zendo) in times.items():
            scored = run_zendo(args, row)
            kernels, structure = scored["kernels"], scored["structure"]
            zendo.append(scored["cpu_ms"])
            contiguous.append(run_pytorch(args, row, structure))
            channels_last.append(run_pytorch(args, row, structure, "--channels-last"))
        print(f"round {number} of {args.rounds}", file=sys.stderr)

    rounds = f"medians of {args.rounds} rounds"
    print(f"CPU ms of a candidate, one thread, {kernels} kernels, {rounds}.\n")
    print(
        "| net | batch | resolution | PyTorch ms | PyTorch channels-last ms | zendo ms "
        "| ratio to PyTorch | ratio to channels-last |"
    )
    print("|:--|--:|--:|--:|--:|--:|--:|--:|")
    for (net, batch, resolution), of_row in times.items():
        contiguous, channels_last, zendo = map(statistics.median, of_row)
        print(
            f"| {net} | {batch} | {resolution} "
            f"| {contiguous:.1f} | {channels_last:.1f} | {zendo:.2f} "
            f"| {contiguous / zendo:.1f}× | {channels_last / zendo:.1f}× |"
        )


if __name__ == "__main__":
    main()
