"""lm-eval, unchanged, against an endpoint: its figures are those of plain transformers on the same rows.

Of the bundled model in float32, so that a batch of another shape rounds nothing that could be seen.
"""

import json
import math
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sacrebleu
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmarks.tools import tool_python
from tests.architecture.tree import ROOT
from tests.serving.endpoint import Served, Workspace

pytestmark = pytest.mark.long

BUNDLED = ROOT / "src" / "brewslm" / "bundled" / "base_models" / "brewslm-tiny-v1"
PATIENCE_SECONDS = 900.0
NUM_CHOICES = 4
ROWS = (
    ("How can I cool a hot drink quickly?", "Pour it back and forth between two cups."),
    ("What is the capital of France?", "Paris is the capital of France."),
    ("Write a line about rain.", "Rain taps on the roof like a patient guest."),
    ("What is 20 percent of 350?", "20 percent of 350 is 70."),
    ("Name three fruits.", "Apples, pears and plums."),
    ("How do I boil an egg?", "Put it in boiling water for eight minutes."),
    ("Say that I will be late.", "I am sorry, I will be ten minutes late."),
    ("Which planet is the largest?", "Jupiter is the largest planet."),
    ("What do bees make?", "Bees make honey and wax."),
    ("How many days has a week?", "A week has seven days."),
    ("Gib mir ein Wort für „Haus“.", "Ein anderes Wort ist „Heim“."),
    ("Why is the sky blue?", "Air scatters blue light more than red light."),
)
TASK = """\
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: {rows}}}}}
test_split: test
doc_to_text: "{{{{question}}}}"
{rest}
"""
KINDS = {
    "choices": 'output_type: multiple_choice\ntarget_delimiter: ""\ndoc_to_choice: "{{choices}}"\n'
    "doc_to_target: place\nmetric_list: [{metric: acc}]",
    "answers": 'output_type: generate_until\ntarget_delimiter: ""\ndoc_to_target: answer\n'
    'generation_kwargs: {until: ["\\n\\n", "Question:", "Q:", "###", "<|im_end|>"], max_gen_toks: 24}\n'
    "metric_list: [{metric: chrf}]",
    "texts": "output_type: loglikelihood_rolling\ndoc_to_target: answer\nmetric_list: [{metric: bits_per_byte}]",
}


class Plain:
    """The model by transformers alone."""

    def __init__(self, folder: Path) -> None:
        self.model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)

    def prompt(self, question: str) -> str:
        asked = [{"role": "user", "content": question}]
        return str(self.tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True))

    def encode(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    @torch.inference_mode()
    def likelihood(self, before: list[int], after: list[int]) -> float:
        logits = self.model(input_ids=torch.tensor([before + after])).logits[0].float()
        told = torch.log_softmax(logits[len(before) - 1 : -1], dim=-1)
        return float(told.gather(1, torch.tensor(after)[:, None]).sum())

    @torch.inference_mode()
    def answer(self, prompt: str, num_tokens: int) -> str:
        ids = torch.tensor([self.encode(prompt)])
        made = self.model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=num_tokens, do_sample=False)
        return str(self.tokenizer.decode(made[0, ids.shape[1] :], skip_special_tokens=True))


class Harness:
    """lm-eval in an environment of its own, and what it is asked."""

    def __init__(self, address: str, key: str, name: str, model: Path, folder: Path) -> None:
        self.address, self.key, self.name, self.model, self.folder = address, key, name, model, folder
        rows = folder / "rows.jsonl"
        rows.write_text("".join(json.dumps(row) + "\n" for row in dataset()))
        for kind, rest in KINDS.items():
            (folder / f"{kind}.yaml").write_text(TASK.format(name=kind, rows=rows, rest=rest))

    def ask(self, task: str, *words: str, route: str = "completions", batch: int = 1) -> tuple[float, list[Any]]:
        """Return its figure and its samples, in the order of the rows."""
        asked = [f"model={self.name},base_url={self.address}/v1/{route},max_length=1024", *words]
        if route == "completions":
            asked[0] += f",tokenizer={self.model},tokenizer_backend=huggingface"
        kind = "local-chat-completions" if route.startswith("chat") else "local-completions"
        out = self.folder / f"{task}-{kind}-{batch}"
        command = [tool_python("lm-eval"), "-m", "lm_eval", "run", "--model", kind, "--model_args", *asked]
        command += ["--tasks", task, "--include_path", self.folder, "--batch_size", str(batch)]
        command += ["--output_path", out, "--log_samples"]
        environment = {**os.environ, "OPENAI_API_KEY": self.key, "HF_HUB_OFFLINE": "1", "HOME": str(self.folder)}
        done = subprocess.run(
            list(map(str, command)),
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        results = json.loads(next(out.rglob("results_*.json")).read_text())["results"][task]
        (figure,) = [value for name, value in results.items() if name.endswith(",none") and "stderr" not in name]
        samples = [json.loads(line) for line in next(out.rglob("samples_*.jsonl")).read_text().splitlines()]
        return figure, sorted(samples, key=lambda sample: sample["doc_id"])


def dataset() -> list[dict[str, Any]]:
    """Each question with its answer among those of others."""
    answers = [answer for _, answer in ROWS]
    found = []
    for number, (question, answer) in enumerate(ROWS):
        others = [answers[(number + step) % len(ROWS)] for step in range(1, NUM_CHOICES)]
        place = number % NUM_CHOICES
        choices = [*others[:place], answer, *others[place:]]
        found.append({"question": question, "answer": answer, "choices": choices, "place": place})
    return found


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("float32") / "model"
    AutoModelForCausalLM.from_pretrained(BUNDLED, dtype=torch.float32).save_pretrained(folder)
    AutoTokenizer.from_pretrained(BUNDLED).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def plain(model: Path) -> Plain:
    return Plain(model)


@pytest.fixture(scope="module")
def harness(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    try:
        tool_python("lm-eval")
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
    workspace = Workspace(tmp_path_factory.mktemp("lm-eval") / "home")
    workspace.promote(workspace.release(model))
    with Served(workspace) as served:
        served.wait_ready(1)
        yield Harness(served.address, workspace.key(), "support", model, tmp_path_factory.mktemp("tasks"))


@pytest.mark.parametrize("batch", [1, 8])
def test_choices_are_as_likely_as_transformers_says(harness: Harness, plain: Plain, batch: int) -> None:
    accuracy, samples = harness.ask("choices", "--apply_chat_template", batch=batch)
    num_right = 0
    for row, sample in zip(dataset(), samples, strict=True):
        context = plain.encode(plain.prompt(row["question"]))
        expected = [plain.likelihood(context, plain.encode(choice)) for choice in row["choices"]]
        assert [float(said) for said, _ in sample["filtered_resps"]] == pytest.approx(expected, abs=1e-3)
        num_right += expected.index(max(expected)) == row["place"]
    assert accuracy == pytest.approx(num_right / len(ROWS), abs=1e-9)
    assert num_right > 0


@pytest.mark.parametrize(("route", "batch"), [("completions", 1), ("completions", 8), ("chat/completions", 1)])
def test_answers_are_those_of_transformers(harness: Harness, plain: Plain, route: str, batch: int) -> None:
    figure, samples = harness.ask("answers", "--apply_chat_template", route=route, batch=batch)
    expected = [plain.answer(plain.prompt(question), 24).split("\n\n")[0] for question, _ in ROWS]
    assert [sample["filtered_resps"][0] for sample in samples] == expected
    references = [[answer for _, answer in ROWS]]
    assert figure == pytest.approx(sacrebleu.corpus_chrf(expected, references).score, abs=1e-9)


def test_texts_have_as_many_bits_as_transformers_says(harness: Harness, plain: Plain) -> None:
    figure, _ = harness.ask("texts")
    begin = [plain.tokenizer.bos_token_id]
    nats = sum(plain.likelihood(begin, plain.encode(answer)) for _, answer in ROWS)
    num_bytes = sum(len(answer.encode()) for _, answer in ROWS)
    assert figure == pytest.approx(-nats / num_bytes / math.log(2), abs=1e-5)
