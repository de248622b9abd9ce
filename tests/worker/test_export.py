"""What is exported is what was trained: the merged model equals the adapter."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from brewslm.core.data.example import Message
from brewslm.core.wire.export import ExportFormat
from brewslm.core.wire.order import ExportOrder, GenerateOrder
from brewslm.core.wire.parity import TOLERANCES, Tolerance
from brewslm.core.wire.result import ExportResult
from brewslm.worker.answers.chat import make_chat
from brewslm.worker.answers.generation import answer_order
from brewslm.worker.export.exporting import export
from brewslm.worker.failure import BadOrderError
from brewslm.worker.models import load_tokenizer
from brewslm.worker.train.loop import train
from tests.worker.tiny import Scene, records, write_base_model

PROMPTS = ((Message(role="user", content="hello"),), (Message(role="user", content="who are you?"),))


def exported(scene: Scene, base: Path, **form: Any) -> tuple[Path, ExportResult, float]:
    """Train and export; return the folder, the result, and the logged eval loss."""
    run = scene.run("train")
    trained = train(scene.order(base=base), run)
    order = ExportOrder(
        base_model=str(base),
        tuned_folder=str(run.folder / trained.checkpoint / "adapter"),
        output_folder=str(scene.root / "export" / "output"),
        parity_folder=str(scene.eval),
        parity_prompts=PROMPTS,
        **form,
    )
    return Path(order.output_folder), export(order, scene.run("export")), trained.eval_loss


def test_merged_model_equals_base_and_adapter(scene: Scene) -> None:
    output, result, eval_loss = exported(scene, scene.base)
    assert result.dtype == "float32"
    assert result.adapter_loss == pytest.approx(eval_loss, abs=1e-5)
    assert result.merged_loss == pytest.approx(result.adapter_loss, abs=1e-5)
    assert result.largest_logprob_difference < 1e-3
    assert result.same_greedy_tokens
    ids = torch.tensor([[1, 20, 30, 40]])
    with torch.no_grad():
        merged = AutoModelForCausalLM.from_pretrained(output / "model")(input_ids=ids).logits
        base = AutoModelForCausalLM.from_pretrained(scene.base, dtype=torch.float32)
        adapted = PeftModel.from_pretrained(base, str(output / "adapter"))(input_ids=ids).logits
    torch.testing.assert_close(merged, adapted, rtol=1e-4, atol=1e-4)


def test_a_stranger_finds_all_that_is_needed(scene: Scene) -> None:
    output, _, _ = exported(scene, scene.base)
    tokenizer = AutoTokenizer.from_pretrained(output / "model")
    assert "assistant" in tokenizer.apply_chat_template(
        [{"role": "user", "content": "x"}], tokenize=False, add_generation_prompt=True
    )
    config = json.loads((output / "adapter" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "tiny"
    assert str(scene.root) not in (output / "adapter" / "adapter_config.json").read_text()
    assert str(scene.root) not in (output / "model" / "config.json").read_text()
    assert "brewslm" not in (output / "model" / "config.json").read_text()


@pytest.mark.parametrize("limit", [10.0, 0.0])
def test_a_base_in_bfloat16_is_exported_so_where_that_costs_little_and_else_in_float32(
    scene: Scene, tmp_path: Path, limit: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TOLERANCES, "bfloat16", Tolerance(loss=limit, logprob=limit, margin=limit))
    output, result, _ = exported(scene, write_base_model(tmp_path / "half", dtype="bfloat16"))
    weights = load_file(output / "model" / "model.safetensors")
    expected = torch.bfloat16 if limit else torch.float32
    assert {weight.dtype for weight in weights.values()} == {expected}
    assert result.dtype == str(expected).removeprefix("torch.")
    assert len(records(scene.root / "export", "notice")) == (0 if limit else 1)
    if not limit:
        assert result.merged_loss == pytest.approx(result.adapter_loss, abs=1e-5)


@pytest.mark.parametrize(("form", "folders"), [("adapter", ["adapter"]), ("safetensors", ["model"])])
def test_one_half_alone_is_compared_as_well(scene: Scene, form: ExportFormat, folders: list[str]) -> None:
    output, result, _ = exported(scene, scene.base, format=form)
    assert sorted(path.name for path in output.iterdir()) == folders
    assert (output / folders[0] / "tokenizer.json").is_file()
    assert result.merged_loss == pytest.approx(result.adapter_loss, abs=1e-5)
    assert result.same_greedy_tokens


def test_nothing_is_written_outside_the_run_directory(scene: Scene) -> None:
    order = ExportOrder(
        base_model=str(scene.base),
        tuned_folder="/nowhere",
        output_folder=str(scene.root / "elsewhere"),
        parity_folder=str(scene.eval),
    )
    with pytest.raises(BadOrderError, match="not inside the run directory"):
        export(order, scene.run("export"))


def test_a_merged_model_answers(scene: Scene) -> None:
    output, _, _ = exported(scene, scene.base)
    generate = GenerateOrder(model_folder=str(output / "model"), prompts=PROMPTS, max_new_tokens=5)
    answers = answer_order(generate, scene.run("generate")).answers
    assert len(answers) == 2
    assert all(answer.is_stopped or answer.num_tokens == 5 for answer in answers)
    assert all(answer.logprobs == () for answer in answers)


def test_answers_are_scored_token_by_token_where_that_is_asked_for(scene: Scene) -> None:
    order = GenerateOrder(model_folder=str(scene.base), prompts=PROMPTS, max_new_tokens=5, is_scored=True)
    answers = answer_order(order, scene.run("generate")).answers
    model = AutoModelForCausalLM.from_pretrained(scene.base, dtype=torch.float32)
    chat = make_chat(load_tokenizer(str(scene.base)), model.generation_config)
    for messages, answer in zip(PROMPTS, answers, strict=True):
        ids = chat.prompt_ids(messages)
        assert answer.prompt_tokens == len(ids)
        likeliest = []
        for _ in range(answer.num_tokens):
            with torch.no_grad():
                told = torch.log_softmax(model(input_ids=torch.tensor([ids])).logits[0, -1], dim=-1)
            ids.append(int(told.argmax()))
            likeliest.append(float(told.max()))
        assert answer.logprobs == pytest.approx(likeliest, abs=1e-5)
