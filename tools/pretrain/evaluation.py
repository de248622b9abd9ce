"""Bits per byte on the held-out texts: the exported model, a unigram model and a 5-gram model, on the same tokens."""

import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from pretrain.documents import END_OF_TEXT, SOURCES
from pretrain.ngrams import KneserNey, unigram_bits
from pretrain.streams import Tokens, read_stream

MAX_TOKENS_PER_SOURCE = 8_000
_WINDOW = 1024
_STRIDE = 512
_ORDER = 5

Table = dict[str, dict[str, float]]


def measure_bits_per_byte(model_folder: Path, streams_folder: Path) -> Table:
    """Measure all three models on at most `MAX_TOKENS_PER_SOURCE` tokens of each source.

    Every token but the document separator is scored, the special tokens of the chat template too; only ordinary text
    counts as bytes. All models see the tokens before a token in the stream, also across documents.

    Returns:
        For each source and for `all` the bits per byte of each model, and the model's perplexity per token.
    """
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    sizes = token_sizes(tokenizer)
    separator = tokenizer.convert_tokens_to_ids(END_OF_TEXT)
    training = np.concatenate(list(read_stream(streams_folder, part="training").values()))
    ngrams = KneserNey(training, vocabulary_size=len(sizes), order=_ORDER)
    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32).eval()
    sums: dict[str, NDArray[np.float64]] = {}
    for source, stream in read_stream(streams_folder, part="held_out").items():
        tokens = np.asarray(stream[:MAX_TOKENS_PER_SOURCE])
        scored = tokens[_ORDER - 1 :]
        is_text = scored != separator
        costs = (
            model_bits(model, tokens)[_ORDER - 2 :],
            unigram_bits(training, scored, vocabulary_size=len(sizes)),
            ngrams.bits(tokens),
        )
        sums[source] = np.array([*(cost[is_text].sum() for cost in costs), sizes[scored].sum(), is_text.sum()])
    sums["all"] = np.sum([sums[source] for source in SOURCES], axis=0)
    return {name: _row(values) for name, values in sums.items()}


def _row(values: NDArray[np.float64]) -> dict[str, float]:
    model, unigram, five_gram, num_bytes, num_tokens = (float(value) for value in values)
    return {
        "model": round(model / num_bytes, 4),
        "unigram": round(unigram / num_bytes, 4),
        "five_gram": round(five_gram / num_bytes, 4),
        "perplexity_per_token": round(2 ** (model / num_tokens), 2),
        "unigram_perplexity_per_token": round(2 ** (unigram / num_tokens), 2),
        "five_gram_perplexity_per_token": round(2 ** (five_gram / num_tokens), 2),
        "num_bytes": num_bytes,
        "num_tokens": num_tokens,
    }


def token_sizes(tokenizer: PreTrainedTokenizerBase) -> NDArray[np.int64]:
    """Return how many bytes of text each token stands for: 0 for special tokens."""
    special = {token for token in tokenizer.get_vocab() if token.startswith("<|") and token.endswith("|>")}
    sizes = np.zeros(len(tokenizer), dtype=np.int64)
    for token, number in tokenizer.get_vocab().items():
        sizes[number] = 0 if token in special else len(token)
    return sizes


@torch.no_grad()
def model_bits(model: torch.nn.Module, tokens: Tokens) -> NDArray[np.float64]:
    """Return the cost in bits of every token after the first, with at least 512 tokens before it where there are."""
    wide = torch.from_numpy(tokens.astype(np.int64))
    costs = np.zeros(len(wide) - 1)
    for start in range(0, max(1, len(wide) - _STRIDE), _STRIDE):
        window = wide[start : start + _WINDOW]
        logits = model(window[None, :-1]).logits[0].float()
        nats = functional.cross_entropy(logits, window[1:], reduction="none").numpy()
        skipped = 0 if start == 0 else _WINDOW - _STRIDE - 1
        costs[start + skipped : start + len(nats)] = nats[skipped:] / math.log(2)
    return costs
