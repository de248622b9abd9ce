"""A GGUF file in llama.cpp: its tokens, its log-probabilities, its greedy answers."""

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from brewslm.worker.failure import BadOrderError
from brewslm.worker.llama.library import Library, listening, load_library


class LlamaModel:
    """A loaded file with a context for one conversation at a time."""

    def __init__(self, library: Library, model: int, context: int, *, num_places: int) -> None:
        """Keep the handles; `num_places` tokens fit into the context."""
        self._functions = library.functions
        self._model, self._context, self._num_places = model, context, num_places
        self._vocab = self._functions.llama_model_get_vocab(model)
        self.vocab_size: int = self._functions.llama_vocab_n_tokens(self._vocab)
        self.weight_bytes: int = self._functions.llama_model_size(model)
        self.context_length: int = self._functions.llama_model_n_ctx_train(model)

    def token_ids(self, text: str) -> list[int]:
        """Return the tokens of a rendered prompt; spellings of control tokens count as such."""
        spelled = text.encode("utf-8")
        room = (ctypes.c_int32 * (len(spelled) + 8))()
        num = self._functions.llama_tokenize(self._vocab, spelled, len(spelled), room, len(room), False, True)
        return list(room[:num])

    def text(self, ids: Sequence[int]) -> str:
        """Return what tokens spell, control tokens left out; what is no UTF-8 becomes U+FFFD."""
        tokens = (ctypes.c_int32 * len(ids))(*ids)
        num_bytes = 64
        while True:
            room = ctypes.create_string_buffer(num_bytes)
            num = self._functions.llama_detokenize(self._vocab, tokens, len(ids), room, num_bytes, False, False)
            if num >= 0:
                return room.raw[:num].decode("utf-8", "replace")
            num_bytes = -num  # that is how much it needs

    def ends_a_turn(self, token: int) -> bool:
        """Whether generation stops at this token by what the file says."""
        return bool(self._functions.llama_vocab_is_eog(self._vocab, token))

    def losses(self, tokens: Sequence[int], places: Sequence[int]) -> NDArray[np.float64]:
        """Return the loss of the tokens at these places, each by all before it, nats."""
        self._forget()
        self._read(tokens, 0, wanted={place - 1 for place in places})
        return np.array([-self._log_probabilities(place - 1)[tokens[place]] for place in places])

    def greedy_ids(self, prompt: Sequence[int], *, stops: frozenset[int], max_new_tokens: int) -> list[int]:
        """Return the likeliest next tokens one by one, up to and with the first of `stops`."""
        self._forget()
        self._read(prompt, 0, wanted={len(prompt) - 1})
        found: list[int] = []
        place = len(prompt) - 1
        for _ in range(min(max_new_tokens, self._num_places - len(prompt))):
            found.append(int(self._logits(place).argmax()))
            if found[-1] in stops:
                break
            self._read(found[-1:], len(prompt) + len(found) - 1, wanted={0})
            place = 0
        return found

    def _forget(self) -> None:
        self._functions.llama_memory_clear(self._functions.llama_get_memory(self._context), True)

    def _read(self, tokens: Sequence[int], start: int, *, wanted: set[int]) -> None:
        if start + len(tokens) > self._num_places:
            raise BadOrderError(f"An example of {len(tokens)} tokens is longer than the context of the GGUF file.")
        batch = self._functions.llama_batch_init(len(tokens), 0, 1)
        try:
            batch.num_tokens = len(tokens)
            for place, token in enumerate(tokens):
                batch.tokens[place], batch.positions[place] = token, start + place
                batch.num_sequences[place], batch.sequences[place][0] = 1, 0
                batch.wants_logits[place] = place in wanted
            if self._functions.llama_decode(self._context, batch) != 0:
                raise BadOrderError("llama.cpp cannot compute with the GGUF file; the worker's log has its reason.")
        finally:
            self._functions.llama_batch_free(batch)

    def _logits(self, place: int) -> NDArray[np.float64]:
        pointer = self._functions.llama_get_logits_ith(self._context, place)
        if not pointer:
            raise BadOrderError("llama.cpp gave no logits; the worker's log has its reason.")
        return np.ctypeslib.as_array(pointer, shape=(self.vocab_size,)).astype(np.float64)

    def _log_probabilities(self, place: int) -> NDArray[np.float64]:
        logits = self._logits(place)
        top = logits.max()
        normalised: NDArray[np.float64] = logits - (top + np.log(np.exp(logits - top).sum()))
        return normalised


@contextmanager
def opened(path: Path, *, num_places: int, num_threads: int) -> Iterator[LlamaModel]:
    """Load a GGUF file with a context of `num_places` tokens.

    Raises:
        BadOrderError: llama.cpp is not installed, or does not take the file.
    """
    library = load_library()
    functions = library.functions
    with listening(library) as heard:
        model = functions.llama_model_load_from_file(str(path).encode(), functions.llama_model_default_params())
        if not model:
            raise BadOrderError(f"llama.cpp does not load {path.name!r}: {heard[-1]}.")
        settings = functions.llama_context_default_params()
        settings.sizes[:3] = (num_places, num_places, min(num_places, 512))
        context = functions.llama_init_from_model(model, settings)
    try:
        if not context:
            raise BadOrderError(f"llama.cpp makes no context for {path.name!r}: {heard[-1]}.")
        functions.llama_set_n_threads(context, num_threads, num_threads)
        yield LlamaModel(library, model, context, num_places=num_places)
    finally:
        if context:
            functions.llama_free(context)
        functions.llama_model_free(model)
