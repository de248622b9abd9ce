"""The official client, unchanged, against an endpoint: a real server, and a real serving process behind it."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import openai
import pytest

from tests.serving.endpoint import Served, Workspace

HI = [{"role": "user", "content": "Hi"}]


@pytest.fixture(scope="module")
def served(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    workspace = Workspace(tmp_path_factory.mktemp("client") / "home")
    workspace.promote(workspace.release(folder))
    with Served(workspace) as one:
        one.wait_ready(1)
        yield one


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{served.address}/v1", api_key=served.workspace.key(), max_retries=0) as made:
        yield made


def test_models_are_the_project_and_its_version(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["support", "support@v1"]
    assert client.models.retrieve("support").id == "support"


def test_a_chat_is_answered_with_usage(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(model="support", messages=HI, max_tokens=12, temperature=0)
    (choice,) = reply.choices
    assert choice.message.role == "assistant"
    assert choice.finish_reason in {"stop", "length"}
    assert reply.model == "support@v1"
    assert reply.usage is not None
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    assert reply.usage.completion_tokens <= 12


def test_a_stream_spells_the_same_answer(client: openai.OpenAI) -> None:
    asked = {"model": "support@v1", "messages": HI, "max_completion_tokens": 20, "seed": 3}
    whole = client.chat.completions.create(**asked)
    chunks = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].usage == whole.usage
    assert [one.choices[0].finish_reason for one in chunks if one.choices][-1] == whole.choices[0].finish_reason
    assert len(chunks) > 4


def test_a_seed_is_kept_and_choices_differ(client: openai.OpenAI) -> None:
    asked = {"model": "support", "prompt": "Once", "max_tokens": 24}
    first = client.completions.create(**asked, seed=11, n=2)
    again = client.completions.create(**asked, seed=11, n=2)
    assert [one.text for one in first.choices] == [one.text for one in again.choices]
    assert first.choices[0].text != first.choices[1].text
    assert client.completions.create(**asked, seed=12).choices[0].text != first.choices[0].text


def test_a_stop_string_is_not_part_of_the_answer(client: openai.OpenAI) -> None:
    asked = {"model": "support", "prompt": "Once upon a time", "max_tokens": 60, "temperature": 0}
    text = client.completions.create(**asked).choices[0].text
    place = next(at for at in range(2, len(text) - 2) if "\ufffd" not in text[at : at + 2])
    stop = text[place : place + 2]
    reply = client.completions.create(**asked, stop=[stop])
    assert reply.choices[0].text == text[: text.index(stop)]
    assert reply.choices[0].finish_reason == "stop"


def test_logprobs_come_for_every_token_of_the_text(client: openai.OpenAI) -> None:
    asked = {"model": "support", "messages": HI, "max_tokens": 10, "temperature": 0}
    reply = client.chat.completions.create(**asked, logprobs=True, top_logprobs=3)
    told = reply.choices[0].logprobs
    assert told is not None
    assert told.content
    for token in told.content:
        assert len(token.top_logprobs) == 3
        assert token.logprob == pytest.approx(max(one.logprob for one in token.top_logprobs))
    streamed = client.chat.completions.create(**asked, logprobs=True, stream=True)
    pieces = [chunk.choices[0].logprobs for chunk in streamed if chunk.choices]
    assert [one.token for piece in pieces if piece for one in piece.content or ()] == [
        one.token for one in told.content
    ]


def test_a_prompt_can_be_repeated_with_its_likelihood_as_evaluation_harnesses_ask(client: openai.OpenAI) -> None:
    ids = [40, 41, 42, 43]
    reply = client.completions.create(model="support", prompt=[ids], max_tokens=1, echo=True, logprobs=1, temperature=0)
    told = reply.choices[0].logprobs
    assert told is not None
    assert told.token_logprobs is not None
    assert told.top_logprobs is not None
    assert told.token_logprobs[0] is None
    assert len(told.token_logprobs) >= len(ids)
    assert all(value < 0.0 for value in told.token_logprobs[1:4])
    assert len(told.top_logprobs[1]) == 1


def test_the_token_that_ends_a_completion_has_its_likelihood_too(served: Served, client: openai.OpenAI) -> None:
    """A harness takes the last one off as the token that was made; without it, it would lose one of the prompt's."""
    ends = {"2": 100}
    asked = {"model": "support", "prompt": [[40, 41, 42, 43]], "max_tokens": 1, "logprobs": 1, "logit_bias": ends}
    (choice,) = client.completions.create(**asked, echo=True).choices
    assert choice.finish_reason == "stop"
    assert choice.logprobs is not None
    assert len(choice.logprobs.token_logprobs or ()) == 5
    assert "".join(choice.logprobs.tokens or ()).startswith(choice.text)
    assert client.completions.create(**asked).choices[0].text == ""
    chat = served.ask(served.workspace.key(), logprobs=True, logit_bias=ends)
    assert chat.json()["choices"][0]["logprobs"]["content"] == []


def test_a_harness_may_name_more_stop_strings_than_four(client: openai.OpenAI) -> None:
    asked = {"model": "support", "prompt": "Once upon a time", "max_tokens": 60, "temperature": 0}
    text = client.completions.create(**asked).choices[0].text
    stops = [f"\x00{number}" for number in range(15)]
    assert client.completions.create(**asked, stop=stops).choices[0].text == text
    with pytest.raises(openai.BadRequestError):
        client.completions.create(**asked, stop=[*stops, "a", "b"])


ERRORS = {
    "unknown model": ({"model": "nobody"}, openai.NotFoundError, "model_not_found"),
    "a version that is not served": ({"model": "support@v7"}, openai.NotFoundError, "model_not_found"),
    "an unknown parameter": ({"extra_body": {"colour": 1}}, openai.BadRequestError, "unknown_parameter"),
    "too warm": ({"temperature": 3.0}, openai.BadRequestError, "invalid_value"),
    "tools, which cannot be honoured": ({"tools": []}, openai.BadRequestError, "unknown_parameter"),
    "more than the context": ({"max_tokens": 100_000}, openai.BadRequestError, "context_length_exceeded"),
    "top_logprobs without logprobs": ({"top_logprobs": 2}, openai.BadRequestError, "invalid_value"),
    "no messages": ({"messages": []}, openai.BadRequestError, "invalid_value"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_those_of_the_client(client: openai.OpenAI, name: str) -> None:
    changes, kind, code = ERRORS[name]
    with pytest.raises(kind) as caught:
        client.chat.completions.create(**{"model": "support", "messages": HI, "max_tokens": 4, **changes})
    assert caught.value.code == code
    with pytest.raises(kind):
        list(client.chat.completions.create(**{"model": "support", "messages": HI, "stream": True, **changes}))


def test_a_wrong_key_opens_nothing(served: Served) -> None:
    stranger = openai.OpenAI(base_url=f"{served.address}/v1", api_key="bsk-wrong", max_retries=0)
    with pytest.raises(openai.AuthenticationError):
        stranger.models.list()
    with pytest.raises(openai.AuthenticationError):
        stranger.chat.completions.create(model="support", messages=HI)


def test_requests_are_kept_without_their_text(served: Served, client: openai.OpenAI) -> None:
    secret = "write to jane@example.org"
    client.chat.completions.create(model="support", messages=[{"role": "user", "content": secret}], max_tokens=3)
    days = served.workspace.home / "endpoints" / "1" / "requests"
    kept = "".join(path.read_text() for path in days.iterdir())
    assert "jane" not in kept
    assert "write to" not in kept
    assert '"completion_tokens":' in kept
    assert '"mean_logprob":-' in kept


def test_a_bundle_that_is_overwritten_while_it_is_served_changes_no_answer(served: Served) -> None:
    workspace, key = served.workspace, served.workspace.key()
    before = served.ask(key).json()["choices"]
    bundle = workspace.house.releases.bundle_of(workspace.house.releases.get(workspace.project.id, 1))
    weights = workspace.house.ports.store.project_folder(workspace.project.id) / next(
        file.path for file in bundle.files if file.path.endswith(".safetensors")
    )
    whole = weights.read_bytes()
    _overwrite(weights, whole[: len(whole) // 2] + random.Random(1).randbytes(len(whole) - len(whole) // 2))
    assert served.ask(key).json()["choices"] == before
    _overwrite(weights, whole)


def test_a_client_that_leaves_ends_its_generation_within_a_second(served: Served) -> None:
    unit = served.workspace.house.fleet.routing.routes()["support"].live
    assert unit is not None
    assert unit.process is not None
    assert unit.ready is not None
    health = f"http://127.0.0.1:{unit.ready.port}/health"
    headers = {"Authorization": f"Bearer {unit.process.token}"}

    def active() -> int:
        return int(httpx2.get(health, headers=headers, trust_env=False).json()["active"])

    body = {"model": "support", "prompt": "on and on", "max_tokens": 200, "logit_bias": {"2": -100, "0": -100}}
    asked = {"Authorization": f"Bearer {served.workspace.key()}"}
    address = f"{served.address}/v1/completions"
    left_at = 0.0
    with httpx2.stream("POST", address, json={**body, "stream": True}, headers=asked, trust_env=False) as answer:
        for _ in answer.iter_lines():
            left_at = time.monotonic()
            break
    served.wait_until(lambda: active() == 0, "the end of the generation")
    print(f"\nended {time.monotonic() - left_at:.2f} s after its client left")


def _overwrite(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.write(content)
    path.chmod(0o444)
