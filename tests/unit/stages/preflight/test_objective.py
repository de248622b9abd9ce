"""Data and mode go together, or preflight says what to set."""

import pytest

from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.artifacts.readiness import Readiness
from brewslm.stages.preflight import PREFLIGHT
from tests.unit.scene import Scene, plain_rows
from tests.unit.stages.preflight.test_checks import finding, judge, only_block


def feedback(scene: Scene, labels: str) -> Manifest:
    rows = [row | {"label": label} for row, label in zip(plain_rows("train", 8), labels.split(), strict=True)]
    return scene.manifest(shape="binary_feedback", rows={"train": rows})


def test_answers_that_were_judged_bad_are_not_trained_unseen(scene: Scene) -> None:
    found = only_block(judge(scene, feedback(scene, "good bad good bad good bad good good")))
    assert (found.check, found.reason) == ("objective", "preflight_capability")
    assert "'dataset-0'" in found.seen
    assert "3 bad answers" in found.seen
    assert "Set mode=kto" in found.next_step
    assert "prompt_completion" in found.next_step


def test_feedback_without_a_bad_answer_may_be_trained(scene: Scene) -> None:
    readiness = judge(scene, feedback(scene, " ".join(["good"] * 8)))
    assert (readiness.verdict, finding(readiness, "objective").level) == ("ready", "ok")


@pytest.mark.parametrize("shape", ["chat", "classification", "plain_text", "documents", "extraction"])
def test_other_data_meets_no_objection(scene: Scene, shape: str) -> None:
    assert finding(judge(scene, scene.manifest(shape=shape)), "objective").level == "ok"


def test_that_only_the_chosen_answers_are_trained_is_said(scene: Scene) -> None:
    manifest = scene.manifest(shape="preference")
    readiness = judge(scene, manifest)
    found = finding(readiness, "objective")
    assert (readiness.verdict, found.level) == ("ready", "warn")
    assert found.seen in PREFLIGHT.report(readiness).summary
    assert "only the chosen answers are trained" in found.seen
    assert "mode=dpo or mode=orpo" in found.next_step


@pytest.mark.parametrize("mode", ["dpo", "orpo"])
def test_pairs_suit_the_modes_that_learn_from_pairs(scene: Scene, mode: str) -> None:
    readiness = judge(scene, scene.manifest(shape="preference"), overrides={"mode": mode})
    found = finding(readiness, "objective")
    assert (readiness.verdict, found.level) == ("ready", "ok")
    assert "both answers of 8 pairs" in found.seen


@pytest.mark.parametrize(
    ("mode", "shape", "proposed"),
    [
        ("dpo", "chat", "Set mode=sft,"),
        ("orpo", "binary_feedback", "Set mode=kto,"),
        ("kto", "preference", "Set mode=dpo or mode=orpo,"),
        ("kto", "plain_text", "Set mode=continued_pretraining,"),
    ],
)
def test_data_of_another_shape_is_refused_and_its_mode_named(
    scene: Scene, mode: str, shape: str, proposed: str
) -> None:
    found = only_block(judge(scene, scene.manifest(shape=shape), overrides={"mode": mode}))
    assert (found.check, found.reason) == ("objective", "preflight_capability")
    assert f"mode={mode}" in found.seen
    assert repr(shape) in found.seen
    assert found.next_step.startswith(proposed)


def judged_with_kto(scene: Scene, labels: str, **weights: float) -> Readiness:
    overrides = {"mode": "kto"} | {f"preference.{name}": weight for name, weight in weights.items()}
    return judge(scene, feedback(scene, labels), overrides=overrides)


def test_balanced_feedback_suits_kto(scene: Scene) -> None:
    found = finding(judged_with_kto(scene, "good bad good bad good bad good bad"), "objective")
    assert (found.level, found.seen) == ("ok", "4 good and 4 bad answers are learnt from")


@pytest.mark.parametrize(
    ("labels", "step"),
    [("good " * 8, "Set mode=sft, or import bad answers, too."), ("bad " * 8, "Import good answers, too.")],
)
def test_kto_needs_good_and_bad_answers(scene: Scene, labels: str, step: str) -> None:
    assert only_block(judged_with_kto(scene, labels)).next_step == step


@pytest.mark.parametrize(
    ("labels", "name"),
    [("good " * 6 + "bad " * 2, "undesirable_weight"), ("good " * 2 + "bad " * 6, "desirable_weight")],
)
def test_the_weight_that_is_proposed_balances_good_and_bad(scene: Scene, labels: str, name: str) -> None:
    found = finding(judged_with_kto(scene, labels), "objective")
    assert found.level == "warn"
    assert found.next_step == f"Set preference.{name}=3 to balance them."
    assert finding(judged_with_kto(scene, labels, **{name: 3.0}), "objective").level == "ok"
