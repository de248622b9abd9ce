"""A GGUF file is what was tuned, in llama.cpp itself: for every family, and never where something was planted wrong."""

import errno
from pathlib import Path

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model

from brewslm.core.data.example import Message
from brewslm.core.wire.export import GGUF_MODEL_TYPES, Quantization
from brewslm.core.wire.order import ExportOrder, GenerateOrder, MeasureOrder
from brewslm.core.wire.parity import problem_of
from brewslm.core.wire.result import ExportResult
from brewslm.worker.answers.chat import make_chat
from brewslm.worker.answers.generation import answer_all, answer_order
from brewslm.worker.export import gguf as exporting_gguf
from brewslm.worker.export import parity
from brewslm.worker.export.comparing import parity_of
from brewslm.worker.export.exporting import export
from brewslm.worker.export.measuring import measure
from brewslm.worker.failure import BadOrderError
from brewslm.worker.llama.families import FAMILIES as WRITTEN
from brewslm.worker.llama.writing import Told
from brewslm.worker.models import load_model, load_tokenizer, load_tuned
from tests.worker.llama_families import FAMILIES, write_llama_family
from tests.worker.tiny import TEMPLATE, Scene, write_split

OFTEN = ("llama", "qwen2", "qwen3", "gemma2", "gemma3", "phi3")
"""Families whose tests are not left to the long ones."""
PROMPTS = ((Message("user", "hello there"),), (Message("user", "Who are the others? 1234"),))


def adapted(base: Path, folder: Path) -> Path:
    """An adapter with random weights, as a training leaves it."""
    torch.manual_seed(3)
    config = LoraConfig(task_type="CAUSAL_LM", r=3, lora_alpha=5, target_modules="all-linear")
    model = get_peft_model(load_model(str(base), precision="float32"), config)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1)
    model.save_pretrained(str(folder))
    return folder


def exported(
    scene: Scene, base: Path, quantization: Quantization = "f16", *, template_of: Path | None = None
) -> ExportResult:
    order = ExportOrder(
        base_model=str(base),
        tuned_folder=str(adapted(base, scene.root / "adapter")),
        output_folder=str(scene.root / "export" / "output"),
        format="gguf",
        quantization=quantization,
        parity_folder=str(write_split(scene.root / "rows", 6, seed=4)),
        parity_prompts=PROMPTS,
    )
    return export(order, scene.run("export"))


def judged(result: ExportResult) -> str | None:
    return problem_of(parity_of(result), result.dtype)


@pytest.fixture(scope="session")
def llama_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_llama_family(tmp_path_factory.mktemp("llama") / "llama", "llama")


def test_the_families_that_are_written_are_those_that_are_promised() -> None:
    assert tuple(WRITTEN) == GGUF_MODEL_TYPES


@pytest.fixture(autouse=True)
def few_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (exporting_gguf, parity):
        monkeypatch.setattr(module, "NUM_NEW_TOKENS", 8)


@pytest.mark.parametrize(
    "family", [name if name in OFTEN else pytest.param(name, marks=pytest.mark.long) for name in FAMILIES]
)
def test_llama_cpp_answers_like_the_adapter(family: str, scene: Scene, tmp_path: Path) -> None:
    result = exported(scene, write_llama_family(tmp_path / family, family))
    assert judged(result) is None
    assert result.num_texts == 5
    assert "llama.cpp" in result.runtime


@pytest.mark.parametrize("quantization", ["f32", "bf16", "q8_0", "q5_k_m", "q4_k_m"])
def test_every_quantization_is_loaded_and_measured(quantization: Quantization, scene: Scene, llama_base: Path) -> None:
    result = exported(scene, llama_base, quantization)
    assert judged(result) is None
    assert result.dtype == quantization
    assert result.mean_logprob_difference > 0


def test_the_same_model_gives_the_same_file(scene: Scene, llama_base: Path) -> None:
    exported(scene, llama_base, "q4_k_m")
    made = scene.root / "export" / "output" / "model.gguf"
    first = made.read_bytes()
    exported(scene, llama_base, "q4_k_m")
    assert made.read_bytes() == first


def test_a_swapped_tensor_is_caught(scene: Scene, llama_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def swapping(model, *args, **options):
        one, other = (layer.self_attn.v_proj.weight for layer in model.model.layers)
        one.data, other.data = other.data.clone(), one.data.clone()
        write(model, *args, **options)

    write = exporting_gguf.write_gguf
    monkeypatch.setattr(exporting_gguf, "write_gguf", swapping)
    for quantization in ("f16", "q4_k_m"):
        assert "differ" in (judged(exported(scene, llama_base, quantization)) or "")


@pytest.mark.parametrize(
    ("broken", "seen"),
    [
        (TEMPLATE.replace("'<|im_end|>\\n'", "'<|im_end|>'"), "spells a conversation otherwise"),
        (TEMPLATE.replace("assistant\\n", "assistant: "), "spells a conversation otherwise"),
    ],
)
def test_a_broken_template_is_caught(
    broken: str, seen: str, scene: Scene, llama_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert broken != TEMPLATE

    def breaking(model, tokenizer, *args, **options):
        tokenizer.chat_template = broken
        write(model, tokenizer, *args, **options)
        tokenizer.chat_template = TEMPLATE

    write = exporting_gguf.write_gguf
    monkeypatch.setattr(exporting_gguf, "write_gguf", breaking)
    assert seen in (judged(exported(scene, llama_base)) or "")


def test_another_splitting_of_text_is_caught(
    scene: Scene, llama_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("brewslm.worker.llama.vocabulary._split_of", lambda _: "qwen2")
    result = exported(scene, llama_base)
    assert "into other tokens" in (judged(result) or "")


def test_a_window_that_llama_cpp_ignores_is_caught_where_rows_are_longer(scene: Scene, tmp_path: Path) -> None:
    base = write_llama_family(tmp_path / "mistral", "mistral", sliding_window=5)
    assert judged(exported(scene, base)) is not None


def test_what_cannot_be_written_is_said_in_one_line(scene: Scene, tmp_path: Path) -> None:
    base = write_llama_family(tmp_path / "smollm3", "smollm3", no_rope_layers=[0, 1, 1, 1])
    with pytest.raises(BadOrderError, match=r"cannot run this 'smollm3' model: its configuration has no_rope"):
        exported(scene, base)


def test_forms_are_measured_in_llama_cpp_and_leave_nothing(scene: Scene, llama_base: Path) -> None:
    order = MeasureOrder(
        base_model=str(llama_base),
        tuned_folder=str(adapted(llama_base, scene.root / "adapter")),
        eval_folder=str(write_split(scene.root / "rows", 6, seed=4)),
        quantizations=("f16", "q8_0"),
        num_new_tokens=4,
    )
    exact, half = measure(order, scene.run("measure")).measurements
    assert exact.file_bytes > half.file_bytes
    assert exact.loss == pytest.approx(half.loss, abs=0.05)
    assert min(exact.tokens_per_second, exact.prompt_tokens_per_second) > 0
    assert not list((scene.root / "measure").glob("*.gguf"))


def test_a_file_answers_a_conversation_as_the_model_that_it_was_written_from(scene: Scene) -> None:
    base = write_llama_family(scene.root / "base", "llama")
    exported(scene, base, "f32")
    tuned = load_tuned(str(base), scene.root / "adapter", "adapter")
    theirs = answer_all(tuned, make_chat(load_tokenizer(str(base)), tuned.generation_config), PROMPTS, max_new_tokens=6)
    asked = {"prompts": PROMPTS, "max_new_tokens": 6, "is_scored": True}
    file = str(scene.root / "export" / "output" / "model.gguf")
    found = answer_order(GenerateOrder(model_folder=file, **asked), scene.run("answer"))
    adapter = GenerateOrder(model_folder=str(base), tuned_folder=str(scene.root / "adapter"), **asked)
    for one, own in zip(found.answers, answer_order(adapter, scene.run("own")).answers, strict=True):
        assert one.prompt_tokens == own.prompt_tokens > 0
        assert one.logprobs == pytest.approx(own.logprobs, abs=0.01)
    assert found.runtime.startswith("llama.cpp")
    assert [(one.text, one.num_tokens, one.is_stopped) for one in found.answers] == [
        (one.text, one.num_tokens, one.is_stopped) for one in theirs
    ]


def test_a_tensor_for_which_the_disk_has_no_room_says_so(tmp_path: Path) -> None:
    numbers = np.arange(10_000, dtype=np.float32)
    with (tmp_path / "room").open("wb") as file:
        numbers.view(Told).tofile(file)
    assert (tmp_path / "room").read_bytes() == numbers.tobytes()
    with Path("/dev/full").open("wb") as full, pytest.raises(OSError, match="No space left") as caught:
        numbers.view(Told).tofile(full)
    assert caught.value.errno == errno.ENOSPC
