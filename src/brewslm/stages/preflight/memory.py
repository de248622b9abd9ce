"""The forecast of the worker's peak resident memory on a CPU, term by term; all sizes are bytes.

What is there from the first to the last step: the libraries, the weights with what is derived from them, gradients and
two moments of what is trained, and the buffers of the fast path. On top of that comes the largest of what comes and
goes: a step of the general path, an evaluation, or the copy of which a checkpoint is written. Steps have other lengths
each time, so that freed memory does not fit what is asked for next: the heap grows beyond what lives at once.

`docs/training.md` has the table of forecasts and measurements, which `benchmarks/memory_forecast.py` makes.
"""

import math
from dataclasses import dataclass

from brewslm.core.artifacts.manifest import LENGTH_BINS, Manifest
from brewslm.core.artifacts.readiness import Estimate
from brewslm.core.ports.base_models import BaseModelFacts
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.recipe.step_path import is_fast
from brewslm.core.wire.shard import ROW_MULTIPLE
from brewslm.stages.preflight.tokens import tokens_of

_BYTES = {"float32": 4, "bfloat16": 2}
_FLOAT = 4
_FRAMEWORK_BYTES = 400_000_000
"""A process with torch, transformers and peft loaded and no model; 380 to 410 MB were seen on Linux x86-64."""
_NUM_MOMENTS = 2
_GENERAL_LOGITS = 1 << 24
"""Logits that the general path and evaluations make at once (`worker/head.py`)."""
_FAST_LOGITS = 1 << 23
"""Logits that the fast path makes at once (`worker/train/fast/loss.py`), but those of 128 labels at least."""
_FEWEST_FAST_LABELS = 128
_EVAL_TOKENS = 2048
"""Tokens that an evaluation puts through the model at once (`worker/scoring.py`)."""
_NORMS = {"gemma2": 4, "gemma3_text": 4, "gemma3": 4}
"""Norms of a block on the residual stream, where they are not two."""
_HEAD_NORMS = frozenset({"qwen3", "gemma3_text", "gemma3"})
"""Types of models that normalise queries and keys."""
_WASTE_PER_RECORD = 0.1
_MOST_WASTE = 0.6
"""Of what comes and goes, and of buffers that grow: memory that was freed and fits nothing.

Some is left behind each time a micro-batch is longer than all before it, which among n of them happens 1 + 1/2 + ... +
1/n times (Rényi 1962, the records of independent draws). Measured in runs of 2 to 60 steps.
"""
_LOW, _HIGH = 0.8, 1.3
"""Bounds beside what is expected; the peaks of all runs in `docs/training.md` lie between them."""


@dataclass(frozen=True, slots=True)
class _Load:
    """What a micro-batch brings."""

    tokens: float
    labels: float
    num_batches: int
    """Micro-batches of the whole run."""

    @property
    def waste(self) -> float:
        """Share of what comes and goes."""
        num_records = math.log(self.num_batches) + 0.577 if self.num_batches > 1 else 1.0
        return min(_MOST_WASTE, _WASTE_PER_RECORD * num_records)


def peak_memory(recipe: Recipe, manifest: Manifest, base: BaseModelFacts) -> Estimate:
    """Estimate the worker's peak resident memory."""
    load = _largest(recipe, manifest, base)
    uses_fast = is_fast(recipe, base.model_type)
    lasting = _FRAMEWORK_BYTES + _weights(recipe, base, is_fast=uses_fast) + _training_state(recipe, base)
    step = _step(recipe, base, load)
    passing = max(_evaluation(recipe, base, load), _checkpoint(recipe, base))
    moving = step + passing if uses_fast else max(step, passing)
    expected = lasting + moving * (1 + load.waste)
    return Estimate(
        low=expected * _LOW,
        expected=expected,
        high=expected * _HIGH,
        unit="bytes",
        basis=f"libraries and weights with gradients and moments {lasting / 1e6:.0f} MB, a micro-batch of about "
        f"{load.tokens:.0f} tokens {step / 1e6:.0f} MB, an evaluation or a checkpoint {passing / 1e6:.0f} MB, and "
        f"{load.waste:.0%} of what comes and goes for memory that fits nothing",
    )


def gpu_memory(recipe: Recipe, base: BaseModelFacts) -> Estimate:
    """Add up what a GPU holds in any case; what a micro-batch takes besides was not measured on one."""
    lasting = _weights(recipe, base, is_fast=False) + _training_state(recipe, base)
    return Estimate(
        low=lasting,
        expected=None,
        high=None,
        unit="bytes",
        basis="weights, gradients and moments; activations were not measured on this GPU",
    )


def trained_parameters(recipe: Recipe, base: BaseModelFacts) -> int:
    """Count what is trained: all weights, or an adapter on all linear layers, rank x (in + out) for each."""
    if not recipe.has_adapter:
        return base.num_parameters
    hidden, inner = base.hidden_size, base.intermediate_size
    attention = 2 * (hidden + base.query_size) + 2 * (hidden + base.key_value_size)
    return base.num_layers * recipe.lora.lora_rank * (attention + 3 * (hidden + inner))


def token_bytes(recipe: Recipe, base: BaseModelFacts) -> float:
    """Estimate what a token of a micro-batch takes in a step."""
    if is_fast(recipe, base.model_type):
        return base.num_layers * _fast_block(recipe, base) + _fast_passing(recipe, base)
    block = _general_block(recipe, base)
    if recipe.activation_checkpointing:
        return 2 * block + base.num_layers * base.hidden_size * _stream_width(recipe)
    return (base.num_layers + 1) * block


def _largest(recipe: Recipe, manifest: Manifest, base: BaseModelFacts) -> _Load:
    """Expect the largest micro-batch of the run; the general path fills its row, the fast one leaves the filling out.

    The tokens of a batch are a sum of as many lengths as it has examples; the largest of n such sums lies about
    sqrt(2 ln n) standard deviations above the mean (Galambos 1978, section 2.3, for normal variables).
    """
    train = manifest.split("train")
    mean = tokens_of(manifest, "train", mode=recipe.mode) / max(train.num_examples, 1)
    answers = mean * train.num_examples / max(train.num_tokens, 1)
    batch = min(recipe.data.batch_size, max(train.num_examples, 1))
    steps = (recipe.data.total_steps or math.ceil(train.num_examples * recipe.data.num_epochs / batch)) or 1
    num_cuts = max(1, math.ceil(batch * mean / recipe.data.micro_batch_tokens))
    num_batches = steps * recipe.data.gradient_accumulation_steps * num_cuts
    above = math.sqrt(2 * math.log(max(num_batches, 2)) * batch) * _deviation(manifest) * answers
    longest = train.length_quantiles.get("max", mean) * answers
    tokens = min(batch * mean + above, max(recipe.data.micro_batch_tokens, longest))
    share = train.num_trained_tokens / max(train.num_tokens, 1)
    row = tokens if is_fast(recipe, base.model_type) else math.ceil(tokens / ROW_MULTIPLE) * ROW_MULTIPLE
    return _Load(row, tokens * share, num_batches)


def _deviation(manifest: Manifest) -> float:
    """Return the standard deviation of the lengths of train, tokens, from its histogram."""
    counts = manifest.split("train").length_counts
    if not sum(counts):
        return 0.0
    width = manifest.max_seq_len / LENGTH_BINS
    middles = [(place + 0.5) * width for place in range(len(counts))]
    mean = sum(count * middle for count, middle in zip(counts, middles, strict=True)) / sum(counts)
    squares = sum(count * (middle - mean) ** 2 for count, middle in zip(counts, middles, strict=True))
    return math.sqrt(squares / sum(counts))


def _block_parameters(base: BaseModelFacts) -> int:
    embeddings = base.vocab_size * base.hidden_size * (1 if base.is_tied else 2)
    return max(0, base.num_parameters - embeddings)


def _weights(recipe: Recipe, base: BaseModelFacts, *, is_fast: bool) -> float:
    """What is trained is float32, a base of 4 bits has scales, too; the fast path multiplies by a copy.

    With adapters that copy is the merged one, without it is the joined one: the file stays mapped until the end.
    """
    if recipe.method == "qlora":
        return 0.6 * base.num_parameters
    width = _BYTES[recipe.precision]
    kept = base.num_parameters * (width if recipe.has_adapter else _FLOAT)
    copied = _block_parameters(base) * width if is_fast else 0
    if not recipe.has_adapter and recipe.precision != "float32":
        copied = base.num_parameters * width
    return kept + copied


def _training_state(recipe: Recipe, base: BaseModelFacts) -> float:
    """Gradients and moments."""
    return trained_parameters(recipe, base) * _FLOAT * (1 + _NUM_MOMENTS)


def _checkpoint(recipe: Recipe, base: BaseModelFacts) -> float:
    """Copies of weights and moments, which are written while the training goes on."""
    return trained_parameters(recipe, base) * _FLOAT * (1 + _NUM_MOMENTS)


def _step(recipe: Recipe, base: BaseModelFacts, load: _Load) -> float:
    activations = load.tokens * token_bytes(recipe, base)
    width = _BYTES[recipe.precision]
    head = base.vocab_size * base.hidden_size
    if is_fast(recipe, base.model_type):
        labels = min(load.labels, max(_FEWEST_FAST_LABELS, _FAST_LOGITS / base.vocab_size))
        return activations + labels * base.vocab_size * width
    labels = min(load.labels, _GENERAL_LOGITS / base.vocab_size)
    # The logits, and in float32 their logarithm of softmax, its gradient, and that of the logits; three more where they
    # are divided, turned by tanh, and multiplied.
    logits = labels * base.vocab_size * (width + (6 if base.caps_logits else 3) * _FLOAT)
    # The head's gradient of a piece, and the sum over pieces.
    of_head = 0 if recipe.has_adapter else 2 * head * _FLOAT
    return activations + logits + of_head


def _evaluation(recipe: Recipe, base: BaseModelFacts, load: _Load) -> float:
    """A forward pass: one block's widest activations, logits and their logarithm of softmax."""
    width = _BYTES[recipe.precision]
    tokens = _EVAL_TOKENS
    if is_fast(recipe, base.model_type):  # by the same kernels, with the buffers of one block
        block = _fast_block(recipe, base) + _fast_passing(recipe, base)
        return tokens * block + max(_FAST_LOGITS, _FEWEST_FAST_LABELS * base.vocab_size) * width
    labels = min(tokens * load.labels / max(load.tokens, 1), _GENERAL_LOGITS / base.vocab_size)
    logits = labels * base.vocab_size * (2 * _FLOAT + (width if width < _FLOAT else 0))
    return logits + tokens * (4 * base.hidden_size + 3 * base.intermediate_size) * width


def _stream_width(recipe: Recipe) -> int:
    """Bytes of a number of the residual stream: a model that is trained as a whole keeps it in float32."""
    return _BYTES[recipe.precision] if recipe.has_adapter else _FLOAT


def _general_block(recipe: Recipe, base: BaseModelFacts) -> float:
    """What autograd keeps of a token in one block.

    Of each norm what comes in and what goes out, of a trained one also what its weight multiplies. Of attention, which
    is computed in float32, queries, keys, values and result, and the result as the output layer takes it. Of the
    feed-forward part the gate before and after its activation, what it multiplies, and the product.
    """
    width, stream = _BYTES[recipe.precision], _stream_width(recipe)
    norms = _NORMS.get(base.model_type, 2) * base.hidden_size * (_FLOAT + width + (0 if recipe.has_adapter else stream))
    attention = 2 * (base.query_size + base.key_value_size) * _FLOAT + base.query_size * width
    if base.model_type in _HEAD_NORMS:
        attention += (base.query_size + base.key_value_size) * (_FLOAT + width)
    feed_forward = 4 * base.intermediate_size * width
    directions = 0
    if recipe.method == "dora":  # what the base and the adapter make of it, by which the magnitude's gradient is found
        outputs = base.query_size + 2 * base.key_value_size + 2 * base.hidden_size + 2 * base.intermediate_size
        directions = 2 * outputs * _FLOAT
    return norms + attention + feed_forward + directions


def _fast_block(recipe: Recipe, base: BaseModelFacts) -> float:
    """What the fast path keeps of a token in one block.

    Of both norms the stream, and gate and up, from which the rest is made again; queries, keys, values and the result
    of attention; the inner values of the adapters.
    """
    width, inner = _BYTES[recipe.precision], 0
    if recipe.has_adapter:
        inner = 12 * recipe.lora.lora_rank * width  # seven adapters, of which five lie in a product's row, too
    norms = 2 * base.hidden_size * _FLOAT
    attention = 2 * (base.query_size + base.key_value_size) * width
    if base.model_type in _HEAD_NORMS:
        attention += (base.query_size + base.key_value_size) * (_FLOAT + width)
    return norms + attention + 2 * base.intermediate_size * width + inner


def _fast_passing(recipe: Recipe, base: BaseModelFacts) -> float:
    """What all blocks of the fast path share of a token: what norms give out, products on their way, and gradients."""
    width = _BYTES[recipe.precision]
    heads = 2 * base.query_size + 2 * base.key_value_size
    return 4 * base.hidden_size * _FLOAT + (5 * base.hidden_size + 2 * base.intermediate_size + heads) * width
