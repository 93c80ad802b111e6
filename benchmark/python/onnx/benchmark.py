# Licensed to the Apache Software Foundation (ASF) under one
# or more contributor license agreements.  See the NOTICE file
# distributed with this work for additional information
# regarding copyright ownership.  The ASF licenses this file
# to you under the Apache License, Version 2.0 (the
# "License"); you may not use this file except in compliance
# with the License.  You may obtain a copy of the License at
#
#   http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing,
# software distributed under the License is distributed on an
# "AS IS" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY
# KIND, either express or implied.  See the License for the
# specific language governing permissions and limitations
# under the License.
"""Speed and memory of converting and of running what was converted, as ratios taken in one run.

python benchmark/python/onnx/benchmark.py
python benchmark/python/onnx/benchmark.py --parts export import --networks vgg16 --json all.json
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
from typing import Any, Callable, Dict, List, Sequence

HERE = pathlib.Path(__file__).parent
PARTS = ("export", "import", "nodes", "latency", "torch")
LATENCY_NETWORK = "resnet50_v1"
ENCODER_LAYERS = 84  # of 24 nodes each
QUIET = {"MXNET_SUBGRAPH_VERBOSE": "0", "PYTHONWARNINGS": "ignore"}
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def in_child(measure: str, environment: Dict[str, str], /, **arguments: Any) -> Dict[str, Any]:
    """Call function ``measure`` of measures.py in a fresh process."""
    done = subprocess.run(
        [sys.executable, str(HERE / "measures.py"), measure, json.dumps(arguments)],
        env={**os.environ, **QUIET, **environment},
        stdout=subprocess.PIPE,
    )
    if done.returncode:
        raise SystemExit(f"measuring {measure} failed, see above")
    result: Dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def medians(rounds: Sequence[Dict[str, float]]) -> Dict[str, float]:
    """Median of every figure over the rounds."""
    return {key: statistics.median(r[key] for r in rounds) for key in rounds[0]}


def against_copy(
    source: str, folder: pathlib.Path, rounds: int, convert: Callable[[], Dict[str, float]]
) -> Dict[str, float]:
    """Medians of ``convert()``, and its ratios to copying ``source``; the two take turns."""
    target = str(folder / "copy")
    in_child("copy_file", {}, source=source, target=target)  # reads the file into the cache
    copies, conversions = [], []
    for _ in range(rounds):
        copies.append(in_child("copy_file", {}, source=source, target=target))
        conversions.append(convert())
    copy, conversion = medians(copies), medians(conversions)
    weights = os.path.getsize(source)
    return {
        **conversion,
        "weights": weights,
        "copy wall": copy["wall"],
        "time / copy": conversion["wall"] / copy["wall"],
        "peak / weights": conversion["peak"] / weights,
    }


# -- parts -----------------------------------------------------------------------------------


def export_part(files: Dict[str, Any], folder: pathlib.Path, rounds: int) -> Dict[str, Any]:
    return against_copy(
        files["parameters"],
        folder,
        rounds,
        lambda: in_child(
            "export",
            {},
            symbol=files["symbol"],
            parameters=files["parameters"],
            target=str(folder / "exported.onnx"),
            size=files["size"],
        ),
    )


def import_part(files: Dict[str, Any], folder: pathlib.Path, rounds: int) -> Dict[str, Any]:
    return against_copy(
        files["onnx"],
        folder,
        rounds,
        lambda: in_child("import_", {}, onnx=files["onnx"], shapes={}),
    )


def nodes_part(folder: pathlib.Path, rounds: int) -> Dict[str, Any]:
    """CPU milliseconds that importing takes per 1,000 nodes where weights cost nothing."""
    written = in_child("encoder", {}, path=str(folder / "encoder.onnx"), layers=ENCODER_LAYERS)
    result: Dict[str, Any] = {"nodes": written["nodes"]}
    for kind, shapes in (("static", {"x0": [2, 21, 16]}), ("dynamic", {})):
        figures = medians(
            [
                in_child("import_", ONE_THREAD, onnx=written["onnx"], shapes=shapes)
                for _ in range(rounds)
            ]
        )
        result[f"{kind} ms"] = 1e6 * figures["cpu"] / written["nodes"]
    return result


def latency_part(files: Dict[str, Any], rounds: int) -> Dict[str, Any]:
    return in_child(
        "latency",
        ONE_THREAD,
        network=LATENCY_NETWORK,
        files=files,
        rounds=rounds,
        size=files["size"],
    )


def torch_part(folder: pathlib.Path, interpreter: str, rounds: int) -> Dict[str, Any]:
    """Our files against torch.onnx's of the same networks; why it is left out, where it is."""
    if subprocess.run([interpreter, "-c", "import torch"], stderr=subprocess.DEVNULL).returncode:
        return {"skipped": f"{interpreter} has no torch; name one that has with --torch-python"}
    subprocess.run(
        [interpreter, str(HERE / "torch_models.py"), str(folder)],
        check=True,
        env={**os.environ, **QUIET},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return in_child("against_torch", ONE_THREAD, folder=str(folder), rounds=rounds)


# -- report ----------------------------------------------------------------------------------


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns: the first to the left, figures to the right."""
    widths = [max(len(r[i]) for r in (heads, *rows)) for i in range(len(heads))]
    lines = []
    for row in (heads, *rows):
        cells = [c.rjust(w) if i else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths))]
        lines.append("  " + "  ".join(cells).rstrip())
    return "\n".join(lines)


def conversion_table(figures: Dict[str, Dict[str, float]]) -> str:
    heads = ["network", "MB of weights", "seconds", "CPU s", "x copying them", "peak / weights"]
    rows = [
        [
            name,
            f"{f['weights'] / 1e6:.1f}",
            f"{f['wall']:.2f}",
            f"{f['cpu']:.2f}",
            f"{f['time / copy']:.1f}",
            f"{f['peak / weights']:.2f}",
        ]
        for name, f in figures.items()
    ]
    return table(heads, rows)


def latency_table(figures: Dict[str, Any]) -> str:
    times = figures["milliseconds"]
    heads = ["runner", "ms", "x ONNX Runtime", "x MXNet's own", "relative error"]
    rows = []
    for name, milliseconds in times.items():
        own = times[name.replace("imported", "own") if "," in name else "Module, own"]
        rows.append(
            [
                name,
                f"{milliseconds:.1f}",
                f"{milliseconds / times['ONNX Runtime']:.2f}",
                f"{milliseconds / own:.2f}",
                f"{figures['differences'][name] / figures['largest']:.0e}",
            ]
        )
    return table(heads, rows)


def torch_table(figures: Dict[str, Any]) -> str:
    heads = ["network", "ms", "torch.onnx's", "ratio", "of the fastest", "nodes", "torch.onnx's"]
    rows = []
    for name, f in figures.items():
        ours, theirs = f["milliseconds"]
        fastest = f["fastest"][0] / f["fastest"][1]
        times = [f"{ours:.1f}", f"{theirs:.1f}", f"{ours / theirs:.2f}", f"{fastest:.2f}"]
        rows.append([name, *times, *map(str, f["nodes"])])
    return table(heads, rows)


def surroundings() -> Dict[str, Any]:
    """What the figures depend on, and ratios are meant to take out."""
    return {**in_child("versions", {}), "cpus": os.cpu_count(), "load": os.getloadavg()[0]}


def print_report(report: Dict[str, Any]) -> None:
    print(", ".join(f"{name} {value}" for name, value in report["surroundings"].items()))
    for part, heading in (
        ("export", "Export, files to file"),
        ("import", "Import, file to symbol and NDArrays, batch left dynamic"),
    ):
        if report.get(part):
            print(f"\n{heading}\n\n{conversion_table(report[part])}")
    if "nodes" in report:
        nodes = report["nodes"]
        print(
            f"\nImport of an encoder of {nodes['nodes']} nodes, CPU ms per 1,000 nodes\n\n"
            f"  {nodes['static ms']:.0f} with fixed shapes, "
            f"{nodes['dynamic ms']:.0f} with batch and length left dynamic"
        )
    if "latency" in report:
        print(f"\nLatency of {LATENCY_NETWORK}, batch 1, one thread\n")
        print(latency_table(report["latency"]))
    if "torch" in report:
        print("\nLatency of exported networks in ONNX Runtime, batch 1, one thread\n")
        skipped = report["torch"].get("skipped")
        print(f"  skipped: {skipped}" if skipped else torch_table(report["torch"]))


def main(arguments: List[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument(
        "--networks",
        nargs="+",
        default=["resnet50_v1", "vgg16"],
        metavar="NAME",
        help="networks of mxnet.gluon.model_zoo.vision for export and import",
    )
    parser.add_argument("--rounds", type=int, default=5, help="conversions to take the median of")
    parser.add_argument("--latency-rounds", type=int, default=30)
    parser.add_argument(
        "--torch-python",
        default=sys.executable,
        metavar="PATH",
        help="interpreter that has torch, for the part of that name",
    )
    parser.add_argument("--json", metavar="FILE", help="write every figure there, too")
    options = parser.parse_args(arguments)

    report: Dict[str, Any] = {"surroundings": surroundings()}
    wanted = list(options.networks) if {"export", "import"} & set(options.parts) else []
    if "latency" in options.parts and LATENCY_NETWORK not in wanted:
        wanted.append(LATENCY_NETWORK)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for network in wanted:
            size = 299 if network == "inceptionv3" else 224
            files = {
                **in_child("network", {}, name=network, prefix=str(folder / network), size=size),
                "size": size,
            }
            for part, run in (("export", export_part), ("import", import_part)):
                if part in options.parts and network in options.networks:
                    report.setdefault(part, {})[network] = run(files, folder, options.rounds)
            if "latency" in options.parts and network == LATENCY_NETWORK:
                report["latency"] = latency_part(files, options.latency_rounds)
            for path in folder.iterdir():
                path.unlink()
        if "nodes" in options.parts:
            report["nodes"] = nodes_part(folder, options.rounds)
        if "torch" in options.parts:
            report["torch"] = torch_part(folder, options.torch_python, options.latency_rounds)
    print_report(report)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
