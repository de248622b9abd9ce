"""Asks a chat endpoint by many streams at once, each for a word of its own: a lost or foreign answer shows.

Each request asks for one token only, by `logit_bias`, so that its answer is that word, so many times; the model
computes as for any other answer.
"""

import http.client
import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

CERTAIN = 100.0
PATIENCE_SECONDS = 900.0


@dataclass(frozen=True)
class Tag:
    """A token that spells a word of its own."""

    token: int
    word: str


@dataclass
class Answered:
    """What came of one request; times in seconds since it was sent."""

    tag: Tag
    status: int = 0
    text: str = ""
    first: float = 0.0
    whole: float = 0.0
    is_whole: bool = False
    """Whether the stream was told to be over."""
    leaves_after: int | None = None
    """After so many pieces its client closes the connection; None: it stays to the end."""
    has_left: bool = False
    retry_after: str | None = None
    problem: str = ""

    def is_right(self, num_tokens: int) -> bool:
        """Whether it is the answer to its own request, and all of it."""
        return self.is_whole and self.text.split() == [self.tag.word] * num_tokens


@dataclass(frozen=True)
class Endpoint:
    """Where to ask."""

    address: str
    key: str
    model: str


def tags_of(tokenizer: Any, number: int) -> list[Tag]:
    """Tokens that are a space and a word of letters, each another word.

    Raises:
        ValueError: the vocabulary has not so many.
    """
    found: dict[str, Tag] = {}
    for token in range(len(tokenizer)):
        text = tokenizer.decode([token])
        word = text.strip()
        if text == f" {word}" and word.isascii() and word.isalpha() and len(word) > 2:
            found.setdefault(word, Tag(token, word))
        if len(found) == number:
            return list(found.values())
    raise ValueError(f"the vocabulary has only {len(found)} words, and {number} were asked for")


def prompt_of(tag: Tag, number: int) -> str:
    """A question of a length of its own."""
    return f"Say {tag.word} " + "and then say it once more, " * (number % 12) + "please."


def ask_all(
    endpoint: Endpoint, tags: Sequence[Tag], num_tokens: int, *, leaves_after: Mapping[int, int] | None = None
) -> tuple[float, list[Answered]]:
    """Ask with one stream for each tag, all at once; return the seconds until the last has ended, and each answer.

    Clients whose place among the tags is in `leaves_after` close their connection after so many pieces.
    """
    answers = [Answered(tag, leaves_after=(leaves_after or {}).get(place)) for place, tag in enumerate(tags)]
    gate = threading.Barrier(len(tags) + 1)
    threads = [
        threading.Thread(target=_ask, args=(endpoint, answer, number, num_tokens, gate), daemon=True)
        for number, answer in enumerate(answers)
    ]
    for thread in threads:
        thread.start()
    gate.wait()
    began_at = time.perf_counter()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    return time.perf_counter() - began_at, answers


def _ask(endpoint: Endpoint, answer: Answered, number: int, num_tokens: int, gate: threading.Barrier) -> None:
    place = urlsplit(endpoint.address)
    body = {
        "model": endpoint.model,
        "messages": [{"role": "user", "content": prompt_of(answer.tag, number)}],
        "max_tokens": num_tokens,
        "temperature": 0,
        "stream": True,
        "logit_bias": {str(answer.tag.token): CERTAIN},
    }
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {endpoint.key}"}
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=PATIENCE_SECONDS)
    gate.wait()
    began_at = time.perf_counter()
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        response = connection.getresponse()
        answer.status, answer.retry_after = response.status, response.getheader("Retry-After")
        if response.status != 200:
            answer.problem = response.read().decode(errors="replace")[:300]
            return
        for line in response:
            if line.startswith(b"data: {"):
                _hear(json.loads(line[6:]), answer, began_at)
                if answer.leaves_after is not None and len(answer.text.split()) >= answer.leaves_after:
                    answer.has_left = True
                    return
            elif line.startswith(b"data: [DONE]"):
                answer.is_whole = True
    except (OSError, http.client.HTTPException, ValueError) as error:
        answer.problem = repr(error)
    finally:
        answer.whole = time.perf_counter() - began_at
        connection.close()


def _hear(chunk: dict[str, Any], answer: Answered, began_at: float) -> None:
    if "error" in chunk:
        answer.problem = str(chunk["error"])[:300]
        return
    for choice in chunk.get("choices", ()):
        piece = choice["delta"].get("content") or ""
        if piece:
            answer.first = answer.first or time.perf_counter() - began_at
            answer.text += piece
