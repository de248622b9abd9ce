"""A bundle that was handed to a runtime of others becomes a release where that answers as the bundle does."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from brewslm.core.artifacts.bundle import Bundle
from brewslm.core.artifacts.release import Release
from brewslm.core.drift.golden import GoldenAnswer
from brewslm.core.errors import WorkerError
from brewslm.core.job import Job, JobStatus
from brewslm.core.serving.upstream import Upstream
from brewslm.core.wire.export import ExportFormat
from brewslm.core.wire.order import GenerateOrder
from brewslm.core.wire.result import GeneratedAnswer, GenerateResult
from brewslm.services.releases.book import Releases
from brewslm.stages.deploy.contract import DeployInputs
from tests.unit.scene import Scene, answering
from tests.unit.stages.deploy.test_stage import bundled

URL = "http://127.0.0.1:8001/v1"


@dataclass
class Runtime:
    """Plays the runtime; the bundle says "Hello!", two tokens with the one that ends it."""

    names: tuple[str, ...] = ("scene",)
    logprobs: tuple[float, ...] = (-0.5, -0.1)
    text: str = "Hello!"
    prompt_tokens: int = 4
    problem: str | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, upstream: Upstream) -> "Runtime":
        assert upstream.url == URL
        return self

    def models(self) -> tuple[str, ...]:
        if self.problem is not None:
            raise WorkerError(self.problem)
        return self.names

    def ask(self, model: str, prompt: str, *, max_tokens: int) -> GoldenAnswer:
        assert max_tokens == 64
        self.asked.append((model, prompt))
        tokens = (self.text, "<end>")[: len(self.logprobs)]
        return GoldenAnswer(
            prompt=prompt, prompt_tokens=self.prompt_tokens, text=self.text, tokens=tokens, logprobs=self.logprobs
        )


def own(order: Any, _directory: Path) -> GenerateResult:
    assert isinstance(order, GenerateOrder)
    assert order.is_scored
    answer = GeneratedAnswer(text="Hello!", num_tokens=2, is_stopped=True, prompt_tokens=4, logprobs=(-0.5, -0.1))
    return GenerateResult(answers=(answer,) * len(order.prompts), runtime="transformers 5")


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path, answering(own))


def hand_over(scene: Scene, runtime: Runtime, *, format_: ExportFormat = "huggingface", **upstream: Any) -> Job:
    bundle = bundled(scene, format_=format_)
    inputs = DeployInputs(bundle_id=bundle.id, prompts=("Who?",), upstream=Upstream(url=URL + "/", **upstream))
    scene.ports = scene.ports_with(open_upstream=runtime)
    return scene.run_stage("deploy", inputs)


def test_a_runtime_that_answers_alike_becomes_a_candidate(scene: Scene) -> None:
    job = hand_over(scene, runtime := Runtime(logprobs=(-0.51, -0.1)), key_env="BREWSLM_UPSTREAM_KEY_GPU")
    release = scene.read(Release, job)
    assert release.upstream == Upstream(url=URL, model="scene", key_env="BREWSLM_UPSTREAM_KEY_GPU")
    assert (release.runtime, [one.answer for one in release.smoke]) == (f"scene at {URL}", ["Hello!"])
    assert release.likeness is not None
    assert (release.likeness.num_prompts, release.likeness.num_tokens) == (1, 2)
    assert runtime.asked == [("scene", "Who?")]
    (row,) = Releases(scene.ports).list(scene.project.id)
    assert row.state == "candidate"


def test_it_is_asked_what_the_evaluation_asked_too(scene: Scene) -> None:
    bundle, runtime = bundled(scene), Runtime()
    folder = scene.shelf.path(bundle.folder)
    folder.chmod(0o755)
    lines = [json.dumps({"prompt": f"Question {number}?"}) + "\n" for number in range(40)]
    (folder / "smoke.jsonl").write_text("".join(lines))
    scene.ports = scene.ports_with(open_upstream=runtime)
    scene.run_stage("deploy", DeployInputs(bundle_id=bundle.id, prompts=("Who?",), upstream=Upstream(url=URL)))
    assert [prompt for _, prompt in runtime.asked] == ["Who?", *(f"Question {number}?" for number in range(16))]


def test_an_adapter_is_compared_on_its_base(tmp_path: Path) -> None:
    orders = []

    def noted(order: Any, directory: Path) -> GenerateResult:
        orders.append(order)
        return own(order, directory)

    scene = Scene(tmp_path, answering(noted))
    job = hand_over(scene, Runtime(names=("base", "scene")), format_="adapter")
    bundle = scene.shelf.read(Bundle, scene.read(Release, job).bundle_id)
    (order,) = orders
    assert order.model_folder == str(scene.base_models.locate("tiny"))
    assert order.tuned_folder == str(scene.shelf.path(f"{bundle.folder}/adapter"))


@pytest.mark.parametrize(
    ("runtime", "words"),
    [
        (
            Runtime(problem=f"{URL}/models does not answer: refused"),
            "does not answer: refused. See that it runs with",
        ),
        (Runtime(names=()), f"The runtime at {URL} has no model. See that it runs with this bundle"),
        (
            Runtime(names=("a", "b")),
            f"The runtime at {URL} has 'a', 'b'. Name the one that the bundle is: --model NAME.",
        ),
    ],
)
def test_a_runtime_without_the_model_is_refused_before_anything_is_loaded(
    runtime: Runtime, words: str, scene: Scene
) -> None:
    job = hand_over(scene, runtime)
    assert (job.status, job.reason) == (JobStatus.FAILED, "deployment_smoke_failed")
    assert words in (job.error or "")
    assert scene.engine.submitted == []


@pytest.mark.parametrize(
    ("runtime", "words"),
    [
        (Runtime(logprobs=(-0.7, -0.1)), "token 1 is 'Hello!' at -0.700 there, and the bundle's is at -0.500"),
        (Runtime(prompt_tokens=9), "it makes 9 tokens of the prompt, the bundle 4"),
        (Runtime(text="Bye.", logprobs=()), "it says 'Bye.', and the bundle 'Hello!'"),
    ],
)
def test_a_runtime_that_answers_otherwise_is_no_release(runtime: Runtime, words: str, scene: Scene) -> None:
    job = hand_over(scene, runtime)
    assert (job.status, job.reason) == (JobStatus.FAILED, "deployment_smoke_failed")
    assert "'scene' at http://127.0.0.1:8001/v1 does not answer as the bundle does: asked 'Who?'" in (job.error or "")
    assert words in (job.error or "")
    assert Releases(scene.ports).list(scene.project.id) == ()


def test_a_model_is_named_as_ollama_names_it(scene: Scene) -> None:
    job = hand_over(scene, Runtime(names=("other:latest", "mine:latest")), model="mine")
    assert scene.read(Release, job).runtime == f"mine:latest at {URL}"


@pytest.mark.parametrize(
    "fields",
    [
        {"url": "ftp://host/v1"},
        {"url": "http:///v1"},
        {"url": "http://me:secret@host/v1"},
        {"url": "http://host/v1?key=1"},
        {"url": URL, "key_env": "AWS_SECRET_ACCESS_KEY"},
        {"url": URL, "model": ""},
    ],
)
def test_addresses_with_secrets_and_other_peoples_variables_are_refused(fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Upstream.model_validate(fields)
