"""Two machines beside one: networks and minibatches of several sizes, over links of several speeds.

    sudo python tests/benchmarks/machines.py

Two network namespaces are the machines, with a virtual cable between them that ``tc`` makes as slow as asked; each has
one of this machine's processors. Characters per second of the better of two epochs on the beginning of the embedded
corpus; the ratio is that of two machines to one. Needs root, ``ip``, ``tc`` and ``taskset``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from machine import call, print_head, print_row

LINKS = {"no limit": "", "1 Gbit/s": "1gbit", "100 Mbit/s": "100mbit"}
NETWORKS, MINIBATCHES = (256, 512), ((32, 35), (128, 64))
NAMES, ADDRESSES = ("lyricgen-a", "lyricgen-b"), ("10.77.0.1", "10.77.0.2")
PORT = "9911"


def lay_cable(rate: str) -> None:
    """Two namespaces with a cable between them that carries so much."""
    for name in NAMES:
        call("ip", "netns", "add", name)
    ends = ("link", "add", "end0", "netns", NAMES[0], "type", "veth", "peer", "end1", "netns", NAMES[1])
    call("ip", *ends)
    for number, name in enumerate(NAMES):
        inside = ("ip", "netns", "exec", name)
        call(*inside, "ip", "address", "add", f"{ADDRESSES[number]}/24", "dev", f"end{number}")
        for device in ("lo", f"end{number}"):
            call(*inside, "ip", "link", "set", device, "up")
        if rate:
            limit = ("root", "tbf", "rate", rate, "burst", "256kb", "latency", "50ms")
            call(*inside, "tc", "qdisc", "add", "dev", f"end{number}", *limit)


def remove_cable() -> None:
    """Remove the namespaces, and with them the cable."""
    for name in NAMES:
        subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)


def best_speed(folder: Path) -> float:
    """Characters per second of the better epoch."""
    lines = (folder / "log.jsonl").read_text("utf-8").splitlines()
    return max(float(json.loads(line)["chars_per_second"]) for line in lines)


def one(command: list[str], folder: Path) -> float:
    """A machine alone."""
    subprocess.run(["taskset", "-c", "0", *command, "-o", str(folder)], check=True, capture_output=True)
    return best_speed(folder)


def two(command: list[str], folder: Path) -> float:
    """Two machines: scheduler, server and a worker on the first, a worker on the second."""
    variables = {"DMLC_PS_ROOT_URI": ADDRESSES[0], "DMLC_PS_ROOT_PORT": PORT, "DMLC_NUM_SERVER": "1"}
    started = []
    for role, place in (("scheduler", 0), ("server", 0), ("worker", 0), ("worker", 1)):
        here = {"DMLC_NUM_WORKER": "2", "DMLC_ROLE": role, "DMLC_NODE_HOST": ADDRESSES[place]}
        words = ["ip", "netns", "exec", NAMES[place], "taskset", "-c", str(place), *command, "-o", str(folder)]
        environment = {**os.environ, **variables, **here}
        started.append(
            subprocess.Popen(
                [*words, "--kvstore", "dist_sync"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            )
        )
    for process in started:
        _, errors = process.communicate(timeout=600)
        if process.returncode:
            raise SystemExit(errors.decode())
    return best_speed(folder)


def main() -> None:
    """Print the table."""
    print_head("units", "minibatch", "MB a step", "link", "one machine", "two machines", "ratio")
    with tempfile.TemporaryDirectory() as name:
        folder, data = Path(name), str(Path(name, "data.safetensors"))
        call(sys.executable, "-m", "lyricgen", "prepare", "--max-chars", "60000", "--valid-fraction", "0", "-o", data)
        for hidden in NETWORKS:
            for rows, steps in MINIBATCHES:
                size = ["--hidden", str(hidden), "--batch-size", str(rows), "--steps", str(steps), "--no-ngram"]
                command = [
                    sys.executable,
                    "-W",
                    "ignore",
                    "-m",
                    "lyricgen",
                    "train",
                    data,
                    *size,
                    "--epochs",
                    "2",
                    "--base",
                    "none",
                ]
                command += ["--engine", "mxnet", "-f", "--threads", "1"]
                alone = one(command, folder / "one")
                weights = (folder / "one" / "best.safetensors").stat().st_size
                for link, rate in LINKS.items():
                    try:
                        lay_cable(rate)
                        both = two(command, folder / "two")
                    finally:
                        remove_cable()
                    shown = (f"{weights / 1e6:.1f}", link, f"{alone:,.0f}", f"{both:,.0f}", both / alone)
                    print_row(hidden, f"{rows} × {steps}", *shown)


if __name__ == "__main__":
    main()
