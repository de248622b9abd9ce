"""Advice over the wire: from a real server on loopback, read strictly, and never more sent than was said."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from brewslm.adapters.advisor.absent import NoAdvisor
from brewslm.adapters.advisor.chat_endpoint import MAX_CELL_CHARACTERS, NUM_ROWS, ChatEndpoint
from brewslm.core.artifacts.schema import ColumnProfile
from brewslm.core.errors import AdvisorError

COLUMNS = (
    ColumnProfile(
        name="a", types={"string": 9}, fill_rate=1.0, num_distinct=9, length_quantiles={}, examples=("secret",)
    ),
)
GOOD = json.dumps({"shape": "qa", "columns": {"prompt": "a", "completion": "b"}})


class Endpoint:
    """A server that answers every request alike, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.status, self.answer = 200, completion(GOOD)
        self.waits = threading.Event()
        self.waits.set()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                endpoint.asked.append({"path": self.path, **json.loads(self.rfile.read(length))})
                endpoint.keys.append(self.headers["Authorization"])
                endpoint.waits.wait(10)
                self.send_response(endpoint.status)
                self.end_headers()
                self.wfile.write(endpoint.answer)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"


def completion(content: str) -> bytes:
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    found = Endpoint()
    thread = threading.Thread(target=found.server.serve_forever, args=(0.01,))
    thread.start()
    yield found
    found.waits.set()
    found.server.shutdown()
    thread.join()
    found.server.server_close()


@pytest.mark.parametrize("wrapped", [GOOD, f"```json\n{GOOD}\n```", f"Here it is: {GOOD}"])
def test_a_reading_is_taken_from_the_answer(endpoint: Endpoint, wrapped: str) -> None:
    endpoint.answer = completion(wrapped)
    advice = ChatEndpoint(endpoint.url, "some-model", key="k").propose(COLUMNS, [{"a": "x", "b": "y"}])
    assert (advice.shape, advice.columns.prompt, advice.columns.completion) == ("qa", "a", "b")
    assert advice.adviser == "some-model"
    assert endpoint.asked[0]["path"] == "/v1/chat/completions"
    assert endpoint.asked[0]["model"] == "some-model"
    assert endpoint.keys == ["Bearer k"]


def test_no_more_is_sent_than_was_said(endpoint: Endpoint) -> None:
    rows = [{"a": f"row {number} " + "x" * 1000, "n": {"deep": ["y" * 1000]}} for number in range(50)]
    ChatEndpoint(endpoint.url, "some-model").propose(COLUMNS, rows)
    sent = endpoint.asked[0]["messages"][1]["content"]
    assert f"row {NUM_ROWS - 1} " in sent
    assert f"row {NUM_ROWS} " not in sent
    assert "x" * (MAX_CELL_CHARACTERS + 1) not in sent
    assert "y" * (MAX_CELL_CHARACTERS + 1) not in sent
    assert "secret" not in sent
    assert endpoint.keys == [None]


@pytest.mark.parametrize(
    "content",
    [
        *(
            "",
            "no idea",
            "{",
            "[]",
            '{"shape": "poem", "columns": {}}',
            '{"shape": "qa"}',
            '{"shape": "qa", "columns": 1}',
        ),
        '{"shape": "qa", "columns": {"unheard_of": "a"}}',
    ],
)
def test_an_answer_that_is_no_reading_is_refused(endpoint: Endpoint, content: str) -> None:
    endpoint.answer = completion(content)
    with pytest.raises(AdvisorError, match="is no reading"):
        ChatEndpoint(endpoint.url, "some-model").propose(COLUMNS, [])


@pytest.mark.parametrize("answer", [b"", b"<html>", b"{}", b'{"choices": []}', b"null"])
def test_what_is_no_completion_is_refused(endpoint: Endpoint, answer: bytes) -> None:
    endpoint.answer = answer
    with pytest.raises(AdvisorError, match="no chat completion"):
        ChatEndpoint(endpoint.url, "some-model").propose(COLUMNS, [])


def _refuse(endpoint: Endpoint) -> None:
    endpoint.status = 401


def _hang(endpoint: Endpoint) -> None:
    endpoint.waits.clear()


def _close(endpoint: Endpoint) -> None:
    endpoint.url = "http://127.0.0.1:9/v1"


@pytest.mark.parametrize(
    ("spoil", "words"), [(_refuse, "answered 401"), (_hang, "timed out"), (_close, "cannot be asked")]
)
def test_an_endpoint_that_fails_is_one_clear_line(
    endpoint: Endpoint, spoil: Callable[[Endpoint], None], words: str
) -> None:
    spoil(endpoint)
    with pytest.raises(AdvisorError, match=words):
        ChatEndpoint(endpoint.url, "some-model", timeout_seconds=0.3).propose(COLUMNS, [])


def test_without_a_setting_the_line_says_how_to_set_one() -> None:
    with pytest.raises(AdvisorError, match="BREWSLM_ADVISOR_URL"):
        NoAdvisor().propose(COLUMNS, [])
