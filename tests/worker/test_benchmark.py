"""Benchmarks of base models: who is better is told, who cannot be told apart is said, and the hopeless are refused."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from brewslm.adapters.sources.base_models import LocalBaseModels
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.outlook.benchmark import Benchmark
from brewslm.core.artifacts.readiness import Estimate, Readiness
from brewslm.core.job import Job
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.wire.order import ProbeOrder
from brewslm.services.benchmarking.benchmark import benchmark_flow
from brewslm.services.requests import BenchmarkRequest
from brewslm.stages.train.contract import TrainInputs
from brewslm.stages.train.floor import check_floor
from brewslm.worker.__main__ import leave_result, read_order
from brewslm.worker.journal import Journal
from brewslm.worker.models import load_model, load_tokenizer
from brewslm.worker.probe.probing import probe
from brewslm.worker.run import Run
from tests.unit.scene import Scene, Tokens
from tests.worker.tiny import write_base_model

NUM_ROWS = {"train": 240, "eval": 60, "test": 4}


def talk(number: int) -> list[dict[str, str]]:
    """A question whose answer is a rule: the next letters of the alphabet, which a unigram model cannot know."""
    start = number % 19
    letters = "".join(chr(97 + (start + place) % 26) for place in range(8))
    return [{"role": "user", "content": f"{letters[0]}?"}, {"role": "assistant", "content": letters}]


def rows_of(split: str) -> list[dict[str, Any]]:
    shift = {"train": 0, "eval": 3, "test": 5}[split]
    return [
        {"id": f"{split}-{number}", "messages": talk(number * 7 + shift), "label": None}
        for number in range(NUM_ROWS[split])
    ]


def work(directory: Path, attempt: int) -> int:
    """Do the order in this process, as the worker's command does."""
    order = read_order(directory)
    assert isinstance(order, ProbeOrder)
    run = Run(directory, attempt, Journal(directory / "log.jsonl", attempt=attempt))
    leave_result(probe(order, run), run)
    return 0


def tune(folder: Path, *, steps: int) -> None:
    """Train all weights of a model on the task, so that it is the one to be found."""
    model, tokenizer = load_model(str(folder), precision="float32"), load_tokenizer(str(folder))
    from brewslm.worker.models import use_plain_attention

    use_plain_attention(model)
    model.requires_grad_(requires_grad=True)
    texts = [str(tokenizer.apply_chat_template(row["messages"], tokenize=False)) for row in rows_of("train")[:64]]
    ids = tokenizer(texts, return_tensors="pt", padding=True, padding_side="right")["input_ids"]
    labels = ids.masked_fill(ids == 3, -100)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        model(input_ids=ids, labels=labels).loss.backward()
        optimizer.step()
    model.save_pretrained(folder)


class Fair:
    """A project, and three kinds of candidates."""

    def __init__(self, folder: Path, base: Path) -> None:
        self.scene = Scene(folder, work)
        self.ports = self.scene.ports_with(base_models=LocalBaseModels(is_offline=True))
        self.winner = str(shutil.copytree(base, folder / "winner"))
        self.one, self.other = (str(shutil.copytree(base, folder / name)) for name in ("one", "other"))
        tune(Path(self.winner), steps=60)
        self.hopeless = str(write_base_model(folder / "hopeless", initializer_range=1.0))
        tokens: dict[Any, Tokens] = {split: [([5, 6, 7, 8], [0, 0, 1, 1])] * count for split, count in NUM_ROWS.items()}
        rows = {split: rows_of(split) for split in NUM_ROWS}
        self.manifest: Manifest = self.scene.manifest(tokens, rows=rows)

    def benchmark(self, *models: str, **asked: Any) -> Job:
        request = BenchmarkRequest(models=models, manifest_id=self.manifest.id, **asked)
        job = self.scene.queue("benchmark", request)
        return self.scene.runner({"benchmark": benchmark_flow}, ports=self.ports).run(job.id)

    def readiness(self, base_model: str, *, seconds: float | None = None) -> Readiness:
        plain = self.scene.readiness(self.manifest, Recipe(base_model=base_model))
        time = Estimate(low=seconds, expected=seconds, high=seconds, unit="seconds", basis="a test")
        plan = plain.plan.model_copy(update={"time": time})
        return plain.model_copy(update={"base_model": base_model, "plan": plan})

    def gate(
        self, base_model: str, *, minutes: float | None = None, longest: float | None = None, shelf: Any = None
    ) -> Any:
        seconds = None if minutes is None else 60.0 * minutes
        context: Any = SimpleNamespace(
            shelf=shelf or self.scene.shelf, project=self.scene.project, longest_without_benchmark_minutes=longest
        )
        return check_floor(self.readiness(base_model, seconds=seconds), self.manifest, context)


@pytest.fixture(scope="module")
def fair(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Fair:
    return Fair(tmp_path_factory.mktemp("fair"), base)


@pytest.fixture(scope="module")
def made(fair: Fair) -> Benchmark:
    job = fair.benchmark(fair.one, fair.hopeless, fair.winner, fair.other, sample=60, probe_steps=12)
    found: Benchmark = fair.scene.read(Benchmark, job)
    return found


def test_finds_the_planted_winner_and_the_hopeless_one(fair: Fair, made: Benchmark) -> None:
    assert [one.name for one in made.shortlist] == [fair.winner]
    assert made.candidates[-1].name == fair.hopeless
    assert {one.name: one.floor.passed for one in made.candidates}[fair.winner]
    assert not made.candidates[-1].floor.passed
    assert made.sentence == f"{fair.winner!r} is the best of 4"


def test_two_names_of_the_same_weights_cannot_be_told_apart(fair: Fair) -> None:
    job = fair.benchmark(fair.one, fair.other, sample=60, probe_steps=4)
    tie: Benchmark = fair.scene.read(Benchmark, job)
    assert [one.standing for one in tie.candidates] == ["first", "cannot tell"]
    distance = tie.candidates[1].distance
    assert distance is not None
    assert (distance.low, distance.high) == (0.0, 0.0)
    assert tie.candidates[0].model_hash == tie.candidates[1].model_hash


def test_says_how_it_can_be_done_again(fair: Fair, made: Benchmark) -> None:
    assert (made.seed, made.dataset_id, made.num_rows) == (fair.scene.project.seed, fair.manifest.dataset_id, 60)
    assert all(len(one.model_hash) == 64 for one in made.candidates)
    assert "torch" in made.runtime
    assert all(one.trained_tokens_per_second and one.peak_memory_bytes > 0 for one in made.candidates)


def test_bits_per_byte_are_the_loss_over_the_bytes_of_the_answers(fair: Fair) -> None:
    job = fair.benchmark(fair.one, sample=60, probe_steps=0)
    alone: Benchmark = fair.scene.read(Benchmark, job)
    model, tokenizer = load_model(fair.one, precision="float32"), load_tokenizer(fair.one)
    from brewslm.worker.models import unpacked

    bits = 0.0
    for row in rows_of("eval"):
        ids = tokenizer.apply_chat_template(row["messages"], return_dict=False)
        first = len(tokenizer.apply_chat_template(row["messages"][:1], add_generation_prompt=True, return_dict=False))
        with torch.no_grad(), unpacked(model):
            scores = model(torch.tensor([ids])).logits[0].log_softmax(-1)
        bits -= sum(float(scores[place - 1, ids[place]]) for place in range(first, len(ids) - 1)) / 0.6931471805599453
    assert alone.candidates[0].zero_shot.bits_per_byte == pytest.approx(bits / (8 * 60), rel=1e-4)


def test_one_that_cannot_be_read_is_named_and_the_others_go_on(fair: Fair, tmp_path: Path) -> None:
    broken = shutil.copytree(fair.one, tmp_path / "broken")
    (broken / "tokenizer.json").unlink()
    job = fair.benchmark(str(broken), fair.one, sample=60, probe_steps=0)
    found: Benchmark = fair.scene.read(Benchmark, job)
    assert [one.name for one in found.candidates] == [fair.one]
    assert [one.name for one in found.failed] == [str(broken)]
    assert "tokenizer.json" in found.failed[0].problem


def test_gate_c_refuses_the_hopeless_and_lets_the_winner_pass(fair: Fair, made: Benchmark) -> None:
    del made
    readiness = fair.readiness(fair.hopeless)
    fair.scene.put(readiness)
    job = fair.scene.run_stage("train", TrainInputs(readiness_id=readiness.id, manifest_id=fair.manifest.id))
    assert (str(job.status), job.reason) == ("failed", "preflight_floor")
    assert "does not beat the floor" in (job.error or "")
    assert fair.gate(fair.winner, minutes=999, longest=1) is None


def test_gate_c_asks_for_a_benchmark_of_long_runs_only_where_it_was_set(fair: Fair) -> None:
    assert fair.gate("unknown", minutes=90) is None
    assert fair.gate("unknown", minutes=30, longest=60) is None
    refused = fair.gate("unknown", minutes=90, longest=60)
    assert refused.level == "block"
    assert "brewslm benchmark --project 1 --models unknown" in refused.next_step


def test_without_a_probe_the_hopeless_are_warned_of_and_only_long_runs_are_refused(fair: Fair, made: Benchmark) -> None:
    hopeless = made.candidates[-1].model_copy(update={"probed": None})
    unprobed = made.model_copy(update={"candidates": (hopeless,)})
    shelf = SimpleNamespace(all=lambda _kind: (made, unprobed))
    assert fair.gate(fair.hopeless, shelf=shelf).level == "warn"
    assert fair.gate(fair.hopeless, shelf=shelf, minutes=90, longest=60).level == "block"
