"""A runtime of others behind the gateway: here BrewSLM's own endpoint, with real processes, answers for another one."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from brewslm.adapters.serving.upstream import HttpUpstream
from brewslm.core.drift.likeness import Likeness
from brewslm.core.errors import WorkerError
from brewslm.core.serving.host import LoggedRequest
from brewslm.core.serving.upstream import Upstream
from brewslm.services.endpoint.fleet import Fleet
from tests.fakes.serving import PlayedServing
from tests.serving.endpoint import Served, Workspace
from tests.worker.tiny import write_base_model

KEY_ENV = "BREWSLM_UPSTREAM_KEY"
LIKENESS = Likeness(num_prompts=1, num_tokens=2, largest_logprob_difference=0.0)


@pytest.fixture(scope="module")
def there(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The runtime of others."""
    workspace = Workspace(tmp_path_factory.mktemp("there") / "home")
    workspace.promote(workspace.release(folder))
    with Served(workspace) as one:
        one.wait_ready(1)
        yield one


@pytest.fixture
def upstream(there: Served, monkeypatch: pytest.MonkeyPatch) -> Upstream:
    monkeypatch.setenv(KEY_ENV, there.workspace.key())
    return Upstream(url=f"{there.address}/v1", model="support", key_env=KEY_ENV)


@pytest.fixture
def here(folder: Path, upstream: Upstream, tmp_path: Path) -> Iterator[Served]:
    """An endpoint whose release is answered for by the other one."""
    workspace = Workspace(tmp_path / "home")
    (workspace.home / "config" / "endpoints.yaml").write_text("queue_seconds: 1\n")
    workspace.promote(workspace.release(folder, upstream=upstream, likeness=LIKENESS))
    with Served(workspace) as one:
        one.wait_ready(1)
        yield one


def newest(served: Served) -> LoggedRequest:
    project, log = served.workspace.project, served.workspace.house.request_log
    return log.since(project.id, project.created_at)[-1]


def words(answer: httpx2.Response) -> str:
    return str(answer.json()["choices"][0]["message"]["content"])


def test_clients_get_its_answers_under_the_name_of_the_release(here: Served, there: Served) -> None:
    key, direct = here.workspace.key(), there.ask(there.workspace.key())
    answer = here.ask(key)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["model"], words(answer)) == ("support@v1", words(direct))
    assert answer.json()["choices"][0]["logprobs"] is None
    mine, theirs = newest(here), newest(there)
    assert (mine.prompt_tokens, mine.completion_tokens) == (theirs.prompt_tokens, theirs.completion_tokens)
    assert mine.finish_reason == theirs.finish_reason
    assert mine.mean_logprob == pytest.approx(theirs.mean_logprob, abs=1e-6)
    streamed = here.ask(key, stream=True)
    assert "usage" not in streamed.text
    assert streamed.text.count("support@v1") == streamed.text.count("data: ") - 1
    assert newest(here).mean_logprob == pytest.approx(theirs.mean_logprob, abs=1e-6)
    assert newest(here).first_token_seconds is not None
    asked = here.ask(key, logprobs=True)
    assert len(asked.json()["choices"][0]["logprobs"]["content"]) == theirs.completion_tokens
    refused = here.ask(key, tools=[])
    assert (refused.status_code, refused.json()["error"]["type"]) == (400, "invalid_request_error")


def test_another_model_there_is_drift_and_a_model_that_goes_away_is_waited_for(
    here: Served, there: Served, tmp_path: Path
) -> None:
    project, drift = here.workspace.project, here.workspace.house.drift
    here.wait_until(lambda: drift.check(project.id).verdict == "passing", "a reference")
    other = write_base_model(tmp_path / "other", num_hidden_layers=1)
    row = there.workspace.promote(there.workspace.release(other))
    there.wait_until(lambda: (row.version, "ready") in there.states(), "the other model")
    there.wait_until(lambda: there.ask(there.workspace.key()).json()["model"] == f"support@v{row.version}", "a switch")
    report = drift.check(project.id)
    assert report.verdict == "drift", report
    there.workspace.house.releases.retire(there.workspace.project.id, row.version, reason="a test wants it")
    here.wait_until(lambda: here.states() == [(1, "silent")], "that it is missed")
    answer = here.ask(here.workspace.key())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "The runtime that answers for the model is silent" in answer.json()["error"]["message"]
    there.workspace.house.releases.promote(there.workspace.project.id, 1, reason="a test wants it")
    here.wait_ready(1)
    assert here.ask(here.workspace.key()).status_code == 200
    assert "deployment_process_lost" in here.workspace.reasons()


def test_a_key_that_is_missing_is_said_when_it_is_to_be_served(
    folder: Path, upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_ENV)
    workspace = Workspace(tmp_path / "home")
    workspace.promote(workspace.release(folder, upstream=upstream, likeness=LIKENESS))
    with Served(workspace) as here:
        here.wait_until(lambda: here.states() == [(1, "refused")], "a refusal")
        answer = here.ask(workspace.key())
    assert (answer.status_code, KEY_ENV in answer.json()["error"]["message"]) == (503, True)


def test_what_does_not_answer_as_an_endpoint_does_is_told_in_one_line(there: Served) -> None:
    def problem(url: str) -> str:
        with pytest.raises(WorkerError) as found:
            HttpUpstream(Upstream(url=url), environment=os.environ).models()
        return str(found.value)

    assert problem(f"{there.address}/v1") == f"{there.address}/v1/models answered with 401 Unauthorized"
    assert problem(there.address).startswith(f"{there.address}/models ")
    assert "does not answer" in problem("http://127.0.0.1:9/v1")
    with pytest.raises(WorkerError, match=f"the environment variable {KEY_ENV} is not set"):
        HttpUpstream(Upstream(url="http://127.0.0.1:9/v1", key_env=KEY_ENV), environment={})


def test_a_silence_that_lasts_is_told_once(folder: Path, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "home")
    upstream = Upstream(url="http://127.0.0.1:9/v1", model="support")
    workspace.promote(workspace.release(folder, upstream=upstream, likeness=LIKENESS))
    hours = iter(range(10_000))
    fleet = Fleet(
        workspace.house.ports,
        workspace.house.releases,
        PlayedServing(),
        workspace.house.endpoint_files,
        steady=lambda: 3600.0 * next(hours),
    )
    for _ in range(20):
        fleet.look()
    assert [one.state for one in fleet.served(workspace.project.id)] == ["silent"]
    assert workspace.reasons().count("deployment_process_lost") == 1
