#!/usr/bin/env python3
"""Measures zendo on a GPU and writes what came out into docs/cuda.md.

    cargo build --release --features cuda
    python3 benches/on_a_gpu.py [--device cuda:0] [--zendo PATH] [--page PATH]

Runs the self-test first and stops if that fails; then `zendo doctor --bench` on the device, and the
same structures in PyTorch on the same GPU (benches/pytorch_zen.py; left out, and said so, where
PyTorch isn't installed). What stands between the two comments of the page is replaced.
"""

import argparse
import datetime
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
START, END = "<!-- measured: start -->", "<!-- measured: end -->"


def json_lines(command):
    """What a command prints, a JSON object a line; its own words if it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed ({done.returncode}):\n{done.stdout}{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def structure_of(zendo, name):
    lines = json_lines([zendo, "inspect", name, "--json"])
    return lines[0]["structure"]


def pytorch(zendo, rates, device):
    """Milliseconds of a candidate in PyTorch by the net's name, or why there are none."""
    if subprocess.run([sys.executable, "-c", "import torch"], capture_output=True).returncode != 0:
        return {}, "PyTorch is not installed here."
    times = {}
    for rate in {rate["name"]: rate for rate in rates}.values():
        command = [sys.executable, str(HERE / "pytorch_zen.py"), "--repeats", "16"]
        command += ["--batch", str(rate["batch"]), "--resolution", str(rate["resolution"])]
        command += ["--device", device, structure_of(zendo, rate["name"])]
        times[rate["name"]] = json_lines(command)[0]["ms"]
    return times, None


def table(heads, rows):
    marks = [":--"] + ["--:"] * (len(heads) - 1)
    lines = [heads, marks, *rows]
    return ["| " + " | ".join(str(cell) for cell in line) + " |" for line in lines]


def page(lines, times, why, device):
    of = lambda section: [line for line in lines if line["section"] == section]
    gpus = {f"cuda:{gpu['ordinal']}": gpu for gpu in of("gpus")[0]["gpus"]}
    gpu = gpus.get(device)
    what = f"{gpu['name']}, driver for CUDA {of('gpus')[0]['driver']}" if gpu else device
    verdict = of("verdict")[0]
    text = [f"{what}; zendo {of('zendo')[0]['version']}, {datetime.date.today()}."]
    text += [f"The self-test: {verdict['checks']} checks, {verdict['failed']} failed.", ""]
    rows = []
    for rate in of("rate"):
        per_s, torch_ms = rate["candidates_per_second"], times.get(rate["name"])
        ratio = f"{per_s * torch_ms / 1e3:.1f}×" if torch_ms and per_s else "–"
        each = f"{torch_ms:.2f}" if torch_ms else "–"
        cells = [rate["name"], rate["kernels"], rate["batch"], rate["workers"]]
        cells += [f"{per_s:.1f}" if per_s else rate["failure"], each, ratio]
        rows.append(cells + [f"{rate['hours_480000']:.2f}" if per_s else "–"])
    heads = ["structure", "kernels", "batch", "workers", "candidates/s", "PyTorch ms", "to PyTorch"]
    text += table(heads + ["480,000 take, hours"], rows)
    text += ["", why] if why else []
    for limits in of("limits"):
        kernels = [k for k in of("kernel") if k["kernels"] == limits["kernels"]]
        copy, product = limits["copy_gb_per_s"], limits["product_gflop_per_s"]
        text += ["", f"Kernels `{limits['kernels']}`: a large copy runs at {copy:.0f} GB/s, a large"]
        text += [f"product in f32 at {product / 1e3:.1f} TFLOP/s; % is of the nearer of the two.", ""]
        rows = [
            [k["name"], f"{k['ms']:.3f}", f"{k['gb_per_s']:.0f}"]
            + [f"{k['gflop_per_s'] / 1e3:.2f}", f"{100 * k['fraction']:.0f}"]
            for k in kernels
        ]
        text += table(["kernel", "ms", "GB/s", "TFLOP/s", "%"], rows)
    return "\n".join(text)


def main():
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=as_written)
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--zendo", default=str(HERE.parent / "target/release/zendo"))
    parser.add_argument("--page", default=str(HERE.parent / "docs/cuda.md"), type=pathlib.Path)
    args = parser.parse_args()
    before = args.page.read_text()
    if before.count(START) != 1 or before.count(END) != 1:
        sys.exit(f"{args.page} has no place to write to: {START} … {END}")
    lines = json_lines([args.zendo, "doctor", "--bench", "--json", "--device", args.device])
    rates = [line for line in lines if line["section"] == "rate"]
    times, why = pytorch(args.zendo, rates, args.device)
    head, rest = before.split(START)
    tail = rest.split(END)[1]
    measured = page(lines, times, why, args.device)
    args.page.write_text(f"{head}{START}\n{measured}\n{END}{tail}")
    print(measured)


if __name__ == "__main__":
    main()
