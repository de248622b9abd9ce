"""What the raw lines say: one table for each shape and method."""

import statistics
from collections import defaultdict
from collections.abc import Iterable

from benchmarks.train.ceiling import needed_flops
from benchmarks.train.material import Material
from benchmarks.train.records import Record

BAND = 1e-3
"""Nats and, relatively, gradient norm within which the steps of those that compute in float32 must agree."""
REFERENCE = ("brewslm", "trl", "llamafactory", "torchtune")

COLUMNS = (
    *("contestant", "runs", "tokens/s", "tokens/CPU-s", "ratio", "ratio by CPU", "ceiling", "ceiling by CPU"),
    *("peak GiB", "first step s", "loss off", "others"),
)


def tables(records: list[Record], materials: dict[str, Material]) -> Iterable[str]:
    """Yield the lines of all tables."""
    groups: dict[tuple[str, str, int], list[Record]] = defaultdict(list)
    for record in records:
        groups[record["shape"], record["method"], record["num_threads"]].append(record)
    for (shape, method, num_threads), group in groups.items():
        by_name: dict[str, list[Record]] = defaultdict(list)
        for record in group:
            by_name[record["name"]].append(record)
        ceilings = [record["ceiling"] for record in by_name.pop("ceiling", [])]
        yield f"\n## {shape}, {method}, {num_threads} threads"
        yield from _table(by_name, ceilings, needed_flops(materials[shape], method))


def _table(by_name: dict[str, list[Record]], ceilings: list[Record], flops: float) -> Iterable[str]:
    good = {name: [run for run in runs if "error" not in run] for name, runs in by_name.items()}
    good = {name: runs for name, runs in good.items() if runs}
    wall_limit = _best(ceilings, "gflops") * 1e9
    cpu_limit = _best(ceilings, "gflops_per_cpu_second") * 1e9
    yield f"matmul in float32: {wall_limit / 1e9:.0f} GFLOP/s, {cpu_limit / 1e9:.0f} a processor second; "
    yield f"a useful token needs {flops / 1e6:.0f} MFLOP. Medians; ratio: the fastest of ours over this one.\n"
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|---" * len(COLUMNS) + "|"
    ours = {name: runs for name, runs in good.items() if runs[0]["settings"]["peer"] == "brewslm"}
    best = {key: max((_median(runs, key) for runs in ours.values()), default=float("nan")) for key in _RATES}
    reference = reference_of(good)
    for name, runs in sorted(good.items(), key=lambda item: -_median(item[1], "tokens_per_cpu_second")):
        wall, cpu = (_median(runs, key) for key in _RATES)
        cells = [
            name,
            str(len(runs)),
            f"{wall:.0f}",
            f"{cpu:.0f}",
            f"{best['tokens_per_second'] / wall:.2f}",
            f"{best['tokens_per_cpu_second'] / cpu:.2f}",
            f"{wall * flops / wall_limit:.0%}",
            f"{cpu * flops / cpu_limit:.0%}",
            f"{_median(runs, 'peak_bytes') / 2**30:.2f}",
            f"{_median(runs, 'first_step_seconds'):.1f}",
            f"{_off(runs, reference):.1e}{'' if agrees(runs, reference) else ' (!)'}",
            f"{_median(runs, 'others'):.2f}",
        ]
        yield f"| {' | '.join(cells)} |"
    for name, runs in by_name.items():
        errors = [run["error"] for run in runs if "error" in run]
        if errors:
            yield f"\n{name} failed in {len(errors)} of {len(runs)}: {errors[-1][:240]}"


_RATES = ("tokens_per_second", "tokens_per_cpu_second")


def _median(runs: list[Record], key: str) -> float:
    return statistics.median(run[key] for run in runs)


def _best(ceilings: list[Record], key: str) -> float:
    return max(
        (rates[key] for one in ceilings for name, rates in one.items() if "float32" in name), default=float("nan")
    )


def reference_of(good: dict[str, list[Record]]) -> list[Record]:
    """The steps that others are compared with: of the first peer, in the order of REFERENCE, that computes exactly."""
    exact = [runs[0] for runs in good.values() if runs[0]["settings"]["is_exact"]]
    exact.sort(key=lambda run: REFERENCE.index(run["settings"]["peer"]))
    return exact[0]["steps"] if exact else []


def _off(runs: list[Record], reference: list[Record]) -> float:
    """Largest difference of a step's loss from the reference, over all runs."""
    pairs = [(step, other) for run in runs for step, other in zip(run["steps"], reference, strict=False)]
    return max((abs(step["loss"] - other["loss"]) for step, other in pairs), default=0.0)


def agrees(runs: list[Record], reference: list[Record]) -> bool:
    """Whether losses and gradient norms are those of the reference, where that can be asked for."""
    pairs = [(step, other) for run in runs for step, other in zip(run["steps"], reference, strict=False)]
    norms = [abs(a["grad_norm"] - b["grad_norm"]) <= BAND * b["grad_norm"] for a, b in pairs if a["grad_norm"]]
    return not runs[0]["settings"]["is_exact"] or (_off(runs, reference) <= BAND and all(norms))
