"""Which path makes the gradients is decided once, said, and kept."""

from pathlib import Path

import pytest

from brewslm.core.recipe.lora import LoraSettings
from brewslm.worker.failure import BadOrderError
from brewslm.worker.operations.build import KernelBuildError
from brewslm.worker.shard import open_shard
from brewslm.worker.train.fast import choice
from brewslm.worker.train.fast.choice import CHOICE_FILE, path_for
from brewslm.worker.train.loop import train
from brewslm.worker.train.trainee import new_trainee
from tests.worker.tiny import VOCAB_SIZE, Scene, curve, records

UNTOUCHED = LoraSettings().model_dump()
"""Whole models have no adapter whose settings could be others."""


def path_name(scene: Scene, name: str, **recipe: object) -> str:
    order = scene.order(**recipe)
    split = open_shard(scene.train, vocab_size=VOCAB_SIZE)
    return path_for(order.recipe, new_trainee(order).model, split, scene.run(name)).name


def notice(scene: Scene, name: str) -> str:
    (said,) = records(scene.root / name, "notice")
    return str(said["message"])


def test_auto_is_fast_where_it_is_right_and_general_elsewhere(scene: Scene) -> None:
    assert path_name(scene, "a") == "fast"
    assert path_name(scene, "b", lora={"lora_dropout": 0.1}) == "general"
    assert path_name(scene, "c", step_path="general") == "general"
    assert path_name(scene, "d", precision="bfloat16") == "general"
    assert "dropout" in notice(scene, "b")
    assert "too short" in notice(scene, "d")


def test_fast_that_cannot_be_is_refused_with_the_reason(scene: Scene) -> None:
    with pytest.raises(BadOrderError, match="dropout or a bias; choose 'auto'"):
        path_name(scene, "a", step_path="fast", lora={"lora_dropout": 0.1})


def test_a_resumed_run_keeps_its_operations(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> None:
        raise KernelBuildError("there is no C++ compiler (g++)")

    monkeypatch.setattr(choice, "native_operations", fail)
    assert path_name(scene, "a") == "fast"
    monkeypatch.undo()
    assert path_name(scene, "a") == "fast"
    kept = (scene.root / "a" / CHOICE_FILE).read_text()
    assert '"operations":"eager"' in kept
    assert "there is no C++ compiler" in kept
    assert len(records(scene.root / "a", "notice")) == 1


def test_the_general_path_keeps_its_operations_too(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> None:
        raise KernelBuildError("there is no C++ compiler (g++)")

    monkeypatch.setattr(choice, "native_operations", fail)
    assert path_name(scene, "a", step_path="general") == "general"
    monkeypatch.undo()
    assert path_name(scene, "a", step_path="general") == "general"
    assert '"operations":"eager"' in (scene.root / "a" / CHOICE_FILE).read_text()
    assert notice(scene, "a").endswith("without compiled kernels, since there is no C++ compiler (g++).")


@pytest.mark.usefixtures("native")
def test_the_general_path_uses_kernels_where_the_model_is_one_for_them(scene: Scene) -> None:
    path_name(scene, "a", step_path="general")
    path_name(scene, "b", step_path="general", precision="bfloat16")
    assert (
        notice(scene, "a") == "Gradients are made by the general path: the recipe asks for it, with compiled kernels."
    )
    assert notice(scene, "b").endswith("general path: the recipe asks for it.")


@pytest.mark.parametrize("method", ["lora", "full"])
def test_both_paths_make_the_same_curve(scene: Scene, method: str) -> None:
    curves = []
    for path in ("general", "fast"):
        order = scene.order(method=method, step_path=path, **({"lora": UNTOUCHED} if method == "full" else {}))
        train(order, scene.run(path))
        curves.append(curve(scene.root / path))
    assert curves[0]
    for (step, loss, eval_loss), (other_step, other_loss, other_eval) in zip(*curves, strict=True):
        assert step == other_step
        assert (loss, eval_loss) == pytest.approx((other_loss, other_eval), abs=1e-4)
