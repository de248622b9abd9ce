"""Answers as the OpenAI API spells them: whole ones, chunks of a stream, log-probabilities and errors."""

import json
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any

from brewslm.serving.openai.answers import Part, Spelled

Spell = Callable[[int], str]
Json = dict[str, Any]
Echoes = Sequence[tuple[Sequence[int], str]]


class Chats:
    """Replies to one chat request."""

    def __init__(self, model: str, spell: Spell, *, has_logprobs: bool) -> None:
        """Begin a reply with an id of its own."""
        self._head = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": model}
        self._spell, self._has_logprobs = spell, has_logprobs

    def whole(self, parts: Sequence[Part], usage: Json) -> Json:
        """The reply at once."""
        choices = [
            {
                "index": part.index,
                "message": {"role": "assistant", "content": part.text, "refusal": None},
                "logprobs": self._logprobs(part.tokens),
                "finish_reason": part.reason,
            }
            for part in parts
        ]
        return {**self._head, "object": "chat.completion", "choices": choices, "usage": usage}

    def first(self, num_choices: int) -> list[Json]:
        """Chunks that begin each choice."""
        return [
            self._chunk(index, {"role": "assistant", "content": "", "refusal": None}) for index in range(num_choices)
        ]

    def chunks(self, part: Part) -> list[Json]:
        """Chunks of what is new."""
        found = []
        if part.text or any(not one.is_hidden for one in part.tokens):
            found.append(self._chunk(part.index, {"content": part.text}, self._logprobs(part.tokens)))
        if part.reason is not None:
            found.append(self._chunk(part.index, {}, reason=part.reason))
        return found

    def usage(self, usage: Json) -> Json:
        """The chunk that only says the usage."""
        return {**self._head, "object": "chat.completion.chunk", "choices": [], "usage": usage}

    def _chunk(self, index: int, delta: Json, logprobs: Json | None = None, reason: str | None = None) -> Json:
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": reason}
        return {**self._head, "object": "chat.completion.chunk", "choices": [choice]}

    def _logprobs(self, tokens: Sequence[Spelled]) -> Json | None:
        if not self._has_logprobs:
            return None
        told = [
            {
                **self._token(one.choice.token, one.choice.logprob),
                "top_logprobs": [self._token(token, logprob) for token, logprob in one.choice.top],
            }
            for one in tokens
            if not one.is_hidden
        ]
        return {"content": told, "refusal": None}

    def _token(self, token: int, logprob: float) -> Json:
        text = self._spell(token)
        return {"token": text, "logprob": logprob, "bytes": list(text.encode())}


class Completions:
    """Replies to one completion request.

    Its log-probabilities have the token that ended the answer, too: harnesses count on one for each that was made.
    """

    def __init__(self, model: str, spell: Spell, *, has_logprobs: bool, echoes: Echoes) -> None:
        """Begin a reply; `echoes` are tokens and text of the prompt of each choice, empty where it is not repeated."""
        self._head = {
            "id": f"cmpl-{secrets.token_hex(12)}",
            "object": "text_completion",
            "created": int(time.time()),
            "model": model,
        }
        self._spell, self._has_logprobs, self._echoes = spell, has_logprobs, echoes

    def whole(self, parts: Sequence[Part], usage: Json) -> Json:
        """The reply at once."""
        return {**self._head, "choices": [self._choice(part) for part in parts], "usage": usage}

    def first(self, num_choices: int) -> list[Json]:
        """Nothing: a choice begins with its text."""
        del num_choices
        return []

    def chunks(self, part: Part) -> list[Json]:
        """Chunks of what is new."""
        if not (part.text or part.tokens or part.reason or part.echoed is not None):
            return []
        return [{**self._head, "choices": [self._choice(part)]}]

    def usage(self, usage: Json) -> Json:
        """The chunk that only says the usage."""
        return {**self._head, "choices": [], "usage": usage}

    def _choice(self, part: Part) -> Json:
        repeated = self._echoes[part.index][1] if part.echoed is not None else ""
        return {
            "index": part.index,
            "text": repeated + part.text,
            "logprobs": self._logprobs(part) if self._has_logprobs else None,
            "finish_reason": part.reason,
        }

    def _logprobs(self, part: Part) -> Json:
        prompt, text = self._echoes[part.index]
        tokens: list[str] = []
        logprobs: list[float | None] = []
        tops: list[Json | None] = []
        offsets: list[int] = []
        if part.echoed is not None and prompt:
            spelled = [self._spell(token) for token in prompt]
            tokens += spelled
            logprobs += [None, *(one.logprob for one in part.echoed)]
            tops += [None, *({self._spell(token): value for token, value in one.top} for one in part.echoed)]
            offsets += [sum(map(len, spelled[:place])) for place in range(len(spelled))]
        for one in part.tokens:
            tokens.append(self._spell(one.choice.token))
            logprobs.append(one.choice.logprob)
            tops.append({self._spell(token): value for token, value in one.choice.top})
            offsets.append(len(text) + one.offset)
        return {"tokens": tokens, "token_logprobs": logprobs, "top_logprobs": tops, "text_offset": offsets}


def usage_of(num_prompt: int, num_completion: int) -> Json:
    """Count tokens as the API does."""
    return {
        "prompt_tokens": num_prompt,
        "completion_tokens": num_completion,
        "total_tokens": num_prompt + num_completion,
    }


def error_of(
    message: str, *, kind: str = "invalid_request_error", param: str | None = None, code: str | None = None
) -> Json:
    """Spell an error."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def event_of(data: Json) -> str:
    """Spell one event of a stream."""
    return f"data: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n"
