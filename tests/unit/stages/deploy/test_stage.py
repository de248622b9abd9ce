"""Deployment: a bundle becomes a numbered candidate only after it has answered from its own, unchanged folder."""

from pathlib import Path
from typing import Any

import pytest

from brewslm.core.artifacts.bundle import Bundle
from brewslm.core.artifacts.release import Release
from brewslm.core.ids import ArtifactId
from brewslm.core.job import Job, JobStatus
from brewslm.core.wire.export import ExportFormat
from brewslm.core.wire.order import GenerateOrder
from brewslm.core.wire.parity import Parity
from brewslm.core.wire.result import GeneratedAnswer, GenerateResult
from brewslm.services.releases.book import Releases
from brewslm.stages.deploy.contract import DeployInputs
from tests.unit.scene import Scene, answering


class Speaker:
    """Plays the worker that loads a bundle and answers."""

    def __init__(self, *, num_tokens: int = 3) -> None:
        self.num_tokens = num_tokens
        self.orders: list[GenerateOrder] = []

    def __call__(self, order: Any, _directory: Path) -> GenerateResult:
        self.orders.append(order)
        answer = GeneratedAnswer(text="Hello!", num_tokens=self.num_tokens, is_stopped=True)
        return GenerateResult(answers=(answer,) * len(order.prompts), runtime="transformers 5")


def bundled(scene: Scene, *, format_: ExportFormat = "huggingface") -> Bundle:
    adapter = scene.adapter(scene.manifest())
    draft = scene.shelf.draft()
    weights = draft / {"gguf": "model.gguf", "adapter": "adapter/x.safetensors"}.get(format_, "model/x.safetensors")
    weights.parent.mkdir(exist_ok=True)
    weights.write_bytes(b"weights")
    (draft / "bundle.json").write_text("{}")
    files = scene.shelf.publish(draft, room="exports")
    parity = Parity(
        num_examples=3,
        adapter_loss=1.0,
        merged_loss=1.0,
        largest_logprob_difference=0.0,
        same_greedy_tokens=True,
        tolerance=1e-3,
        passed=True,
    )
    bundle = Bundle(
        files=files,
        adapter_id=adapter.id,
        eval_report_id=ArtifactId("eval_report-0"),
        format=format_,
        target="transformers",
        folder="/".join(files[0].path.split("/")[:2]),
        dtype="float32",
        parity=parity,
    )
    scene.put(bundle)
    return bundle


def deploy(scene: Scene, bundle: Bundle, **choices: Any) -> Job:
    return scene.run_stage("deploy", DeployInputs(bundle_id=bundle.id, **choices))


def test_a_bundle_that_answers_becomes_candidate_v1(tmp_path: Path) -> None:
    speaker = Speaker()
    scene = Scene(tmp_path, answering(speaker))
    bundle = bundled(scene)
    job = deploy(scene, bundle, prompts=("Who?", "Where?"))
    release = scene.read(Release, job)
    assert [(smoke.prompt, smoke.answer) for smoke in release.smoke] == [("Who?", "Hello!"), ("Where?", "Hello!")]
    assert speaker.orders[0].model_folder == str(scene.shelf.path(f"{bundle.folder}/model"))
    assert scene.reasons(job.run_id) == ["deployment"]
    (row,) = Releases(scene.ports).list(scene.project.id)
    assert (row.version, row.release_id, row.state) == (1, release.id, "candidate")


def test_a_gguf_file_is_loaded_itself(tmp_path: Path) -> None:
    speaker = Speaker()
    scene = Scene(tmp_path, answering(speaker))
    bundle = bundled(scene, format_="gguf")
    assert deploy(scene, bundle).status is JobStatus.COMPLETED
    assert speaker.orders[0].model_folder == str(scene.shelf.path(f"{bundle.folder}/model.gguf"))


def test_an_adapter_alone_is_refused_before_anything_is_loaded(scene: Scene) -> None:
    job = deploy(scene, bundled(scene, format_="adapter"))
    assert (job.status, job.reason) == (JobStatus.FAILED, "export_format_unsupported")
    assert "Export it with --format huggingface" in (job.error or "")
    assert scene.engine.submitted == []


def test_versions_count_up_even_for_an_equal_release(tmp_path: Path) -> None:
    scene = Scene(tmp_path, answering(Speaker()))
    bundle = bundled(scene)
    assert deploy(scene, bundle).artifact_id == deploy(scene, bundle).artifact_id
    assert [row.version for row in Releases(scene.ports).list(scene.project.id)] == [1, 2]


@pytest.mark.parametrize("harm", ["change", "remove"])
def test_a_bundle_that_does_not_match_its_checksums_is_not_loaded(scene: Scene, harm: str) -> None:
    bundle = bundled(scene)
    path = scene.shelf.path(bundle.files[1].path)
    path.chmod(0o644)
    path.unlink()
    if harm == "change":
        path.write_bytes(b"weightz")
    job = deploy(scene, bundle)
    assert (job.status, job.reason) == (JobStatus.FAILED, "export_checksum_mismatch")
    assert bundle.files[1].path in (job.error or "")
    assert scene.engine.submitted == []
    assert Releases(scene.ports).list(scene.project.id) == ()


def test_an_empty_answer_is_no_release(tmp_path: Path) -> None:
    scene = Scene(tmp_path, answering(Speaker(num_tokens=0)))
    job = deploy(scene, bundled(scene))
    assert (job.status, job.reason) == (JobStatus.FAILED, "deployment_smoke_failed")
    assert Releases(scene.ports).list(scene.project.id) == ()


def test_a_smoke_test_without_prompts_proves_nothing(tmp_path: Path) -> None:
    scene = Scene(tmp_path, answering(Speaker()))
    job = deploy(scene, bundled(scene), prompts=())
    assert (job.status, job.reason) == (JobStatus.FAILED, "deployment_smoke_failed")


def test_a_worker_that_fails_is_a_failed_smoke_test(tmp_path: Path) -> None:
    scene = Scene(tmp_path, lambda _directory, _attempt: 1)
    job = deploy(scene, bundled(scene))
    assert (job.status, job.reason) == (JobStatus.FAILED, "deployment_smoke_failed")
    assert "worker.log" in (job.error or "")
