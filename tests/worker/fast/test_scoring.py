"""Losses by the fast path's own forward pass: those of the model, or of the base while the adapter is off."""

import pytest
import torch

from brewslm.worker.operations.interface import Operations
from brewslm.worker.train.general.path import GeneralPath
from tests.worker.fast import tiny_families
from tests.worker.fast.test_equality import BAND, ROW, TOLERANCE, assert_same, fast_path, outcome, trained
from tests.worker.fast.tiny_families import LINEARS, chat, gradients_of, packed


@pytest.mark.parametrize("mode", ["lora", "full"])
@pytest.mark.parametrize("family", ["llama3 angles, biases", "qwen2, window", "qwen3", "tied"])
def test_losses_of_labels_are_those_of_the_model(family: str, mode: str, operations: Operations) -> None:
    model = trained(family, mode)
    fast, general, row = fast_path(model, operations), GeneralPath(model), packed(ROW)
    torch.testing.assert_close(fast.token_losses(row), general.token_losses(row), rtol=TOLERANCE, atol=TOLERANCE)
    assert_same(model, fast, row)


@pytest.mark.parametrize("targets", [" ".join(LINEARS), "down_proj q_proj"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_losses_are_those_of_the_base_while_the_adapter_is_off(
    dtype: torch.dtype, targets: str, operations: Operations
) -> None:
    model, row = trained("llama3 angles, biases", targets, dtype=dtype), packed(ROW)
    fast, general = fast_path(model, operations, dtype), GeneralPath(model)
    tuned = fast.token_losses(row)
    with model.disable_adapter():
        losses, expected = fast.token_losses(row), general.token_losses(row)
    tolerance = TOLERANCE if dtype == torch.float32 else BAND
    torch.testing.assert_close(losses, expected, rtol=tolerance, atol=tolerance)
    assert float((tuned - losses).abs().max()) > 10 * tolerance
    assert torch.equal(fast.token_losses(row), tuned)


def test_scoring_between_two_steps_changes_no_gradient(operations: Operations) -> None:
    model = trained("qwen3", "lora")
    fast = fast_path(model, operations)
    _, expected = outcome(fast, model, packed(ROW), packed(chat(9, 2)))
    model.zero_grad()
    fast.add_gradients(packed(ROW), scale=1 / 50)
    fast.token_losses(packed(chat(80, 41)))
    fast.add_gradients(packed(chat(9, 2)), scale=1 / 50)
    assert all(torch.equal(gradient, expected[name]) for name, gradient in gradients_of(model).items())


def test_scoring_keeps_nothing_of_each_block(operations: Operations, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    for num_blocks in (2, 6):
        monkeypatch.setitem(tiny_families.SMALL, "num_hidden_layers", num_blocks)
        fast = fast_path(trained("llama", "lora"), operations)
        fast.token_losses(packed(chat(200)))
        taken.append(fast.num_kept_bytes)
    assert taken[0] == taken[1]
