"""Loading what is served: a model, the adapters on it, its tokenizer and template. Remote code is never run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from brewslm.core.serving.order import ServeOrder
from brewslm.serving.failure import RefusedError
from brewslm.serving.files import check_files

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class Served:
    """A model that answers, and what is known of it."""

    model: Any
    """Of transformers, or of peft where there are adapters."""
    tokenizer: "PreTrainedTokenizerBase"
    name: str
    """Under which the model itself answers."""
    stops: frozenset[int]
    """Tokens that end an answer."""
    num_layers: int
    context_tokens: int
    attention_kinds: tuple[str, ...]
    window: int | None
    adapters: Mapping[str, str] = field(default_factory=dict)
    """What answers on it besides: names, and how peft calls them."""

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        device: torch.device = next(iter(self.model.parameters())).device
        return device

    @property
    def dtype(self) -> torch.dtype:
        """The type of its weights."""
        dtype: torch.dtype = next(iter(self.model.parameters())).dtype
        return dtype

    @property
    def has_adapters(self) -> bool:
        """Whether several models share the base."""
        return bool(self.adapters)

    def decode(self, tokens: Sequence[int]) -> str:
        """The text that tokens spell, without special ones."""
        decoded = self.tokenizer.decode(list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return decoded if isinstance(decoded, str) else "".join(decoded)


def load(order: ServeOrder) -> Served:
    """Load a model and check that its files are what they must be.

    Raises:
        RefusedError: it cannot be loaded, or a file differs.
    """
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(order.model, dtype="auto", trust_remote_code=False)
        tokenizer = AutoTokenizer.from_pretrained(order.tokenizer or order.model, trust_remote_code=False)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        first = str(error).splitlines()[0] if str(error) else repr(error)
        check_files(order.files)  # where a file is damaged, that is the cause
        raise RefusedError(f"the model {order.model!r} cannot be loaded: {first}") from error
    model.requires_grad_(requires_grad=False)
    config, generation = model.config.get_text_config(), model.generation_config
    _own_weights(model)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.nn.Module.to(model, device)
    if order.merged_adapter is not None:
        model = _merged(model, order.merged_adapter)
    torch.nn.Module.train(model, mode=False)
    check_files(order.files)
    kinds = tuple(dict.fromkeys(getattr(config, "layer_types", None) or _plain_kinds(config)))
    if unknown := set(kinds) - {"full_attention", "sliding_attention"}:
        raise RefusedError(f"the model {order.model!r} attends by {sorted(unknown)}; serve it with llama.cpp or vLLM")
    return Served(
        model=model,
        tokenizer=tokenizer,
        name=order.name,
        stops=_stops(tokenizer, generation),
        num_layers=config.num_hidden_layers,
        context_tokens=min(order.max_context_tokens, getattr(config, "max_position_embeddings", 1 << 30)),
        attention_kinds=kinds,
        window=getattr(config, "sliding_window", None) if "sliding_attention" in kinds else None,
    )


def _own_weights(model: Any) -> None:  # noqa: ANN401 - of transformers
    """Copy weights that are still pages of their file: whoever writes to that must not change what is served."""
    for tensor in (*model.parameters(), *model.buffers()):
        tensor.data = tensor.data.clone()


def _merged(model: Any, folder: str) -> Any:  # noqa: ANN401 - of transformers
    from peft import PeftModel

    try:
        return PeftModel.from_pretrained(model, folder, is_trainable=False).merge_and_unload()
    except (OSError, ValueError, RuntimeError) as error:
        raise RefusedError(f"the adapter {folder!r} does not fit its base: {str(error).splitlines()[0]}") from error


def _plain_kinds(config: Any) -> tuple[str, ...]:  # noqa: ANN401 - of transformers
    """Of an architecture whose layers are all alike."""
    return ("full_attention" if getattr(config, "sliding_window", None) is None else "sliding_attention",)


def _stops(tokenizer: Any, generation: Any) -> frozenset[int]:  # noqa: ANN401 - of transformers
    """Gather what ends a turn: the end-of-sequence tokens of tokenizer and model, and every other special token."""
    named = generation.eos_token_id if generation is not None else None
    stops = {*tokenizer.all_special_ids, *(named if isinstance(named, list) else [named])}
    stops |= {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    return frozenset(stop for stop in stops if stop is not None)
