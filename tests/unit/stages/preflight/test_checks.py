"""Every check of preflight can be provoked, and then says what it saw and what to do."""

import shutil
from typing import Any

import pytest

from brewslm.core.artifacts.readiness import Readiness
from brewslm.core.finding import Finding
from brewslm.core.job import JobStatus
from brewslm.core.ports.machine import GpuState
from brewslm.stages.preflight.contract import PreflightInputs
from tests.fakes.base_models import FakeBaseModels
from tests.fakes.machine import GIB, LAPTOP
from tests.unit.scene import PACKAGES, Scene, plain_tokens

CHECKS = [
    "gpu",
    "disk",
    "data_integrity",
    "configuration",
    "checkpoint_directory",
    "monitoring",
    "dependencies",
    "memory_fit",
    "engine",
    "capability",
    "objective",
    "mask",
    "golden_sets",
    "gates",
    "budget",
]


def judge(scene: Scene, manifest: Any = None, **choices: Any) -> Readiness:
    manifest = manifest or scene.manifest()
    inputs = PreflightInputs(**{"manifest_id": manifest.id, "base_model": "tiny", **choices})
    job = scene.run_stage("preflight", inputs)
    assert job.status is JobStatus.COMPLETED, job.error
    return scene.read(Readiness, job)


def finding(readiness: Readiness, check: str) -> Finding:
    return next(found for found in readiness.findings if found.check == check)


def only_block(readiness: Readiness) -> Finding:
    """The one finding that stands in the way; it must say what to do, and carry a reason."""
    blocks = [found for found in readiness.findings if found.level == "block"]
    assert [found.check for found in blocks] == [blocks[0].check]
    assert readiness.verdict == "blocked"
    assert blocks[0].next_step.endswith(".")
    assert blocks[0].reason is not None
    return blocks[0]


def use_base(scene: Scene, **facts: Any) -> None:
    scene.base = scene.base.model_copy(update=facts)
    scene.base_models._facts = FakeBaseModels([scene.base])._facts


def test_a_sound_run_is_ready_and_every_check_has_answered(scene: Scene) -> None:
    readiness = judge(scene)
    assert readiness.verdict == "ready"
    assert [found.check for found in readiness.findings] == CHECKS
    assert {found.check for found in readiness.findings if found.level != "ok"} == {"gates"}, "3 test rows are few"
    (event,) = scene.events("preflight-2")
    assert event.reason == "preflight"
    assert event.payload["levels"] == dict.fromkeys(CHECKS, "ok") | {"gates": "warn"}


def test_a_blocked_run_is_recorded_with_every_finding(scene: Scene) -> None:
    scene.machine.free_bytes = 1000
    judge(scene)
    (event,) = scene.events("preflight-2")
    assert event.reason == "preflight_blocked"
    assert "0 MB free" in event.payload["error"]
    assert [found["check"] for found in event.payload["findings"]] == CHECKS


def test_a_small_disk_blocks(scene: Scene) -> None:
    scene.machine.free_bytes = 20_000_000
    found = only_block(judge(scene))
    assert (found.check, found.reason) == ("disk", "preflight_disk")
    assert found.seen.endswith("20 MB free")


@pytest.mark.parametrize("harm", ["change", "remove", "truncate"])
def test_a_shard_that_is_not_as_it_was_prepared_blocks(scene: Scene, harm: str) -> None:
    manifest = scene.manifest()
    path = scene.shelf.path(f"{manifest.split('eval').folder}/tokens.u32")
    path.chmod(0o644)
    content = path.read_bytes()
    path.unlink()
    if harm == "change":
        path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    if harm == "truncate":
        path.write_bytes(content[:-4])
    readiness = judge(scene, manifest)
    found = only_block(readiness)
    assert (found.check, found.reason) == ("data_integrity", "preflight_data_changed")
    assert "eval/tokens.u32" in found.seen
    assert finding(readiness, "mask").level == "unknown"


def test_an_empty_split_blocks(scene: Scene) -> None:
    found = only_block(judge(scene, scene.manifest({**plain_tokens(), "test": []})))
    assert (found.check, found.reason) == ("data_integrity", "preparation_empty_split")
    assert "'test'" in found.seen


def test_a_batch_larger_than_the_data_blocks(scene: Scene) -> None:
    found = only_block(judge(scene, overrides={"data.batch_size": 500}))
    assert (found.check, found.reason) == ("configuration", "preflight_blocked")
    assert "data.batch_size=500" in found.seen
    assert "8 train examples" in found.seen


def test_a_sequence_length_that_fits_neither_model_nor_data_is_told_in_one_finding(scene: Scene) -> None:
    use_base(scene, context_length=32)
    found = only_block(judge(scene, overrides={"data.max_seq_len": 48, "data.batch_size": 9}))
    assert "data.max_seq_len=48 is above the model's 32" in found.seen
    assert "data.max_seq_len=48 is below the 64" in found.seen
    assert "data.batch_size=9" in found.seen


def test_a_folder_that_cannot_be_written_blocks(scene: Scene) -> None:
    (scene.folder / "experiments").write_text("a file in the folder's place")
    found = only_block(judge(scene))
    assert (found.check, found.reason) == ("checkpoint_directory", "preflight_disk")
    assert "experiments" in found.seen


def test_the_probe_of_the_checkpoint_folder_is_gone_afterwards(scene: Scene) -> None:
    judge(scene)
    assert [path for path in (scene.folder / "experiments").rglob("*") if path.is_file()] == []


def test_a_missing_package_blocks_and_names_the_command(scene: Scene) -> None:
    scene.machine.packages = {name: version for name, version in PACKAGES.items() if name != "peft"}
    found = only_block(judge(scene))
    assert (found.check, found.reason) == ("dependencies", "preflight_dependency")
    assert found.seen == "peft is not installed"
    assert "pip install" in found.next_step


def test_a_method_that_lacks_its_package_blocks_and_names_it(scene: Scene) -> None:
    found = only_block(judge(scene, overrides={"method": "qlora"}))
    assert (found.check, found.reason) == ("dependencies", "preflight_dependency")
    assert found.seen == "bitsandbytes is not installed (for method='qlora')"
    assert "brewslm[qlora]" in found.next_step
    scene.machine.packages = {**PACKAGES, "bitsandbytes": "0.50.2"}
    assert judge(scene, overrides={"method": "qlora"}).verdict == "ready"


def test_continued_pretraining_of_conversations_blocks(scene: Scene) -> None:
    found = only_block(judge(scene, overrides={"mode": "continued_pretraining"}))
    assert (found.check, found.reason) == ("objective", "preflight_capability")
    assert "'chat'" in found.seen


def test_texts_are_pretrained_on_without_being_asked(scene: Scene) -> None:
    readiness = judge(scene, scene.manifest(shape="documents"))
    assert (readiness.verdict, readiness.plan.recipe.mode) == ("ready", "continued_pretraining")
    assert "'documents'" in readiness.plan.sources["mode"].reason


def test_another_architecture_blocks(scene: Scene) -> None:
    use_base(scene, architecture="BertForMaskedLM")
    found = only_block(judge(scene))
    assert (found.check, found.reason) == ("capability", "preflight_capability")
    assert "BertForMaskedLM" in found.seen


def test_another_base_model_than_the_data_was_tokenised_for_blocks(scene: Scene) -> None:
    found = only_block(judge(scene, scene.manifest(base_model="other")))
    assert (found.check, found.reason) == ("capability", "preflight_capability")
    assert found.next_step == "Run `brewslm prepare --base-model tiny` first."


def test_another_base_model_by_an_override_blocks_too(scene: Scene) -> None:
    found = only_block(judge(scene, overrides={"base_model": "sneaky"}))
    assert (found.check, "'sneaky'" in found.seen) == ("capability", True)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_example_without_a_trained_token_blocks(scene: Scene, place: int) -> None:
    examples = [([5, 6, 7], [0, 0, 1])] * 3
    examples[place] = ([5, 6, 7], [0, 0, 0])
    found = only_block(judge(scene, scene.manifest({**plain_tokens(), "eval": examples})))
    assert (found.check, found.reason) == ("mask", "preflight_mask")
    assert found.seen == f"example {place} of split 'eval' has no trained token"


def test_an_example_without_any_token_blocks(scene: Scene) -> None:
    examples = [([5, 6], [0, 1]), ([], []), ([5, 6], [0, 1])]
    found = only_block(judge(scene, scene.manifest({**plain_tokens(), "test": examples})))
    assert found.seen == "example 1 of split 'test' has no trained token"


@pytest.mark.parametrize(("token", "is_known"), [(511, True), (512, False)])
def test_a_token_id_out_of_the_vocabulary_blocks(scene: Scene, token: int, is_known: bool) -> None:
    tokens = {**plain_tokens(), "train": [([5, token], [0, 1])] * 4}
    readiness = judge(scene, scene.manifest(tokens))
    assert (finding(readiness, "mask").level == "ok") is is_known
    if not is_known:
        assert f"token id {token}, the model knows 512" in only_block(readiness).seen


def test_memory_below_the_forecast_blocks_and_memory_within_it_warns(scene: Scene) -> None:
    manifest = scene.manifest()
    forecast = judge(scene, manifest).plan.memory
    assert forecast.low is not None
    assert forecast.high is not None
    assert forecast.low < forecast.high

    scene.machine.facts_now = LAPTOP.model_copy(update={"free_memory_bytes": int(forecast.low) - 1})
    found = only_block(judge(scene, manifest))
    assert (found.check, found.reason) == ("memory_fit", "preflight_memory")

    scene.machine.facts_now = LAPTOP.model_copy(update={"free_memory_bytes": int(forecast.high) - 1})
    readiness = judge(scene, manifest)
    assert (readiness.verdict, finding(readiness, "memory_fit").level) == ("ready", "warn")


def test_what_is_not_known_of_a_gpu_is_said_to_be_unknown(scene: Scene) -> None:
    scene.machine.facts_now = LAPTOP.model_copy(update={"gpus": ("H200",), "free_memory_bytes": GIB})
    scene.machine.gpus_now = (GpuState(name="H200", memory_bytes=140 * GIB, used_bytes=0),)
    readiness = judge(scene)
    assert readiness.verdict == "ready"
    assert finding(readiness, "memory_fit").level == "unknown"
    assert (readiness.plan.time.low, readiness.plan.time.expected) == (None, None)
    assert finding(readiness, "gpu").seen == "GPU: H200 (0), 140.0 GiB free"


def test_a_workspace_without_experiments_is_made_ready(scene: Scene) -> None:
    shutil.rmtree(scene.folder / "experiments", ignore_errors=True)
    assert finding(judge(scene), "checkpoint_directory").level == "ok"


def test_an_answer_whose_end_is_not_trained_blocks(scene: Scene) -> None:
    """The last trained token of every run must end a turn: here token 2 does, and example 1 of eval lacks it."""
    whole = [([5, 6, 7, 2], [0, 1, 1, 1])] * 3
    tokens = {"train": whole, "eval": [whole[0], ([5, 6, 7, 8], [0, 1, 1, 1])], "test": whole}
    found = only_block(judge(scene, scene.manifest(tokens, turn_ends=(2, 3))))  # type: ignore[arg-type]
    assert (found.check, found.reason) == ("mask", "preflight_mask")
    assert found.seen == "example 1 of split 'eval' has an answer whose end is not trained"


def test_an_end_in_the_middle_counts_for_its_own_run_only(scene: Scene) -> None:
    two_turns = [([5, 6, 2, 5, 6, 9], [0, 1, 1, 0, 1, 1])] * 3
    found = only_block(
        judge(scene, scene.manifest(dict.fromkeys(("train", "eval", "test"), two_turns), turn_ends=(2,)))
    )
    assert found.seen.startswith("example 0 of split 'train' has an answer whose end")


def test_an_answer_that_truncation_cut_off_needs_no_end(scene: Scene) -> None:
    cut = [([5] * 16, [0] + [1] * 15), ([5, 6, 2], [0, 1, 1])]
    tokens = dict.fromkeys(("train", "eval", "test"), cut)
    manifest = scene.manifest(tokens, turn_ends=(2,), truncation="truncate", max_seq_len=16)  # type: ignore[arg-type]
    assert finding(judge(scene, manifest), "mask").level == "ok"
