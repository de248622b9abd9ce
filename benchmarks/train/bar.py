"""The bar that `make bench` holds: LoRA at 30M against the best settings of the peers, losses equal step by step."""

import statistics
import subprocess
import sys

import pytest

from benchmarks.train.environments import peers_folder
from benchmarks.train.records import read
from benchmarks.train.report import agrees, reference_of
from benchmarks.train.running import ROOT

TIMES_THE_BEST_PEER = 2.2
ROUNDS = 5


@pytest.mark.bench
def test_lora_is_faster_than_the_best_peer_and_computes_the_same() -> None:
    command = [sys.executable, "-m", "benchmarks.train"]
    subprocess.run([*command, "environments"], cwd=ROOT, check=True)
    chosen = ["--shape", "30m", "--method", "lora", "--roles", "ours", "best", "--rounds", str(ROUNDS)]
    subprocess.run([*command, "run", *chosen], cwd=ROOT, check=True)
    records = [one for one in read(peers_folder() / "work") if (one["shape"], one["method"]) == ("30m", "lora")]
    good = [one for one in records if "steps" in one and "error" not in one]
    names = {one["name"] for one in good}
    by_name = {name: [one for one in good if one["name"] == name] for name in names}
    rates = {name: statistics.median(one["tokens_per_second"] for one in runs) for name, runs in by_name.items()}
    peers = {name: rate for name, rate in rates.items() if by_name[name][0]["settings"]["peer"] != "brewslm"}
    ours = max(rate for name, rate in rates.items() if name not in peers)
    assert peers, "no peer has run"
    assert all(agrees(runs, reference_of(by_name)) for runs in by_name.values())
    assert ours >= TIMES_THE_BEST_PEER * max(peers.values()), f"ours {ours:.0f} tokens/s, peers {peers}"
