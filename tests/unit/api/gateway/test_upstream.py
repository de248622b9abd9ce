"""What a runtime of others is asked beyond the client's words, and that no client sees it."""

import copy
from types import SimpleNamespace
from typing import Any

import pytest

from brewslm.api.gateway.upstream import UpstreamReading

CHAT = {"model": "support", "messages": [{"role": "user", "content": "Hi"}]}
USAGE = {"prompt_tokens": 5, "completion_tokens": 2}


def reading(body: dict[str, Any], *, tells_logprobs: bool = True) -> UpstreamReading:
    unit = SimpleNamespace(tells_logprobs=tells_logprobs)
    return UpstreamReading(body, SimpleNamespace(model="there", shown_model="support@v1", unit=unit))  # type: ignore[arg-type]


def content(*logprobs: float) -> dict[str, Any]:
    return {"content": [{"token": "x", "logprob": one} for one in logprobs]}


def test_it_is_asked_by_its_own_name_and_for_what_measures_it() -> None:
    assert reading(CHAT).body == {**CHAT, "model": "there", "logprobs": True}
    assert reading({"model": "support", "prompt": "Hi"}).body["logprobs"] == 1
    streamed = reading({**CHAT, "stream": True, "stream_options": {"other": 1}}).body
    assert streamed["stream_options"] == {"other": 1, "include_usage": True}


@pytest.mark.parametrize("body", [{**CHAT, "logprobs": True, "top_logprobs": 3}, {"prompt": "Hi", "logprobs": 0}])
def test_what_the_client_asks_itself_stays(body: dict[str, Any]) -> None:
    asked = reading(body)
    assert asked.body == {**body, "model": "there"}
    said = {"choices": [{"logprobs": content(-0.5)}], "usage": USAGE}
    assert asked.read(copy.deepcopy(said)) == said


def test_a_runtime_that_tells_no_log_probabilities_is_not_asked_for_them() -> None:
    assert "logprobs" not in reading(CHAT, tells_logprobs=False).body


def test_an_answer_is_measured_and_shown_as_it_was_asked() -> None:
    asked = reading(CHAT)
    message = {"role": "assistant", "content": "Hi"}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": content(-0.5, -0.1)}
    shown = asked.read({"model": "there", "choices": [dict(choice)], "usage": USAGE})
    assert shown == {"model": "support@v1", "choices": [{**choice, "logprobs": None}], "usage": USAGE}
    measured = asked.measured()
    assert measured is not None
    assert (measured.prompt_tokens, measured.completion_tokens, measured.finish_reason) == (5, 2, "stop")
    assert (measured.mean_logprob, measured.first_token_seconds) == (-0.3, None)


def test_a_stream_loses_what_only_the_gateway_asked_for() -> None:
    asked = reading({**CHAT, "stream": True})
    events = [
        {"choices": [{"delta": {"role": "assistant", "content": ""}}], "usage": None},
        {"model": "there", "choices": [{"delta": {"content": "Hi"}, "logprobs": content(-0.2)}], "usage": None},
        {"choices": [{"delta": {}, "finish_reason": "length", "logprobs": None}], "usage": None},
        {"choices": [], "usage": USAGE},
    ]
    assert [asked.read(one) for one in events] == [
        {"choices": [{"delta": {"role": "assistant", "content": ""}}]},
        {"model": "support@v1", "choices": [{"delta": {"content": "Hi"}, "logprobs": None}]},
        {"choices": [{"delta": {}, "finish_reason": "length", "logprobs": None}]},
        None,
    ]
    measured = asked.measured()
    assert measured is not None
    assert (measured.completion_tokens, measured.finish_reason, measured.mean_logprob) == (2, "length", -0.2)
    assert measured.first_token_seconds is not None
    assert 0.0 <= measured.first_token_seconds <= measured.seconds


def test_a_stream_whose_client_wants_its_usage_keeps_it() -> None:
    asked = reading({**CHAT, "stream": True, "stream_options": {"include_usage": True}})
    assert asked.read({"choices": [], "usage": USAGE}) == {"choices": [], "usage": USAGE}


@pytest.mark.parametrize("said", [{"error": {"message": "no"}}, {"choices": []}, {"choices": None}, {}])
def test_what_is_no_answer_is_passed_on_and_measures_nothing(said: dict[str, Any]) -> None:
    asked = reading(CHAT)
    assert asked.read(dict(said)) == said
    assert asked.measured() is None
