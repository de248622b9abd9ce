"""Base models, adapters and tokenizers, loaded from folders; remote code is never run."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, cast
from weakref import WeakKeyDictionary

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from brewslm.core.wire.order import TunedForm
from brewslm.worker.attention import PACKED_ATTENTION
from brewslm.worker.failure import BadOrderError
from brewslm.worker.operations.interface import Operations

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

AnyModel: TypeAlias = "PreTrainedModel | PeftModel"

Precision = Literal["float32", "bfloat16"]
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
_COMPUTE_DTYPES: "WeakKeyDictionary[torch.nn.Module, torch.dtype]" = WeakKeyDictionary()
_OPERATIONS: "WeakKeyDictionary[torch.nn.Module, Operations]" = WeakKeyDictionary()


def device_here() -> torch.device:
    """Return the device that models run on."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def load_model(folder: str, *, precision: Precision, device: torch.device | None = None) -> "PreTrainedModel":
    """Load a model for packed scoring, frozen and in evaluation mode, onto the device that models run on or another.

    Raises:
        BadOrderError: there is no model, or its architecture is not one that can be packed.
    """
    return _load(folder, dtype=_DTYPES[precision], device=device)


def load_in_4_bits(folder: str, *, precision: Precision) -> "PreTrainedModel":
    """Load a model as `load_model` does, its linear layers in 4-bit NormalFloat (Dettmers et al. 2023, section 3).

    Raises:
        BadOrderError: as there, or bitsandbytes is missing or cannot work on this machine.
    """
    from transformers import BitsAndBytesConfig

    settings = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=_DTYPES[precision],
    )
    try:
        return _load(folder, dtype=_DTYPES[precision], quantization_config=settings, device_map={"": device_here()})
    except (ImportError, RuntimeError) as error:
        message = f"A base of 4 bits needs bitsandbytes, which does not work here: {str(error).splitlines()[0]}"
        raise BadOrderError(f"{message} Train with method 'lora' instead.") from error


def load_stored(folder: str) -> "PreTrainedModel":
    """Load a model as `load_model` does, but in the dtype in which it is stored, as a stranger would."""
    return _load(folder, dtype="auto")


def _load(
    folder: str, *, dtype: "torch.dtype | str", device: torch.device | None = None, **options: object
) -> "PreTrainedModel":
    try:
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            folder, dtype=dtype, trust_remote_code=False, **options
        )
    except (OSError, ValueError, KeyError) as error:
        message = f"The model {folder!r} cannot be loaded: {str(error).splitlines()[0] if str(error) else error!r}"
        raise BadOrderError(message) from error
    if not model._supports_attention_backend or model.base_model is model or model.get_output_embeddings() is None:  # noqa: SLF001 - the library's own flag has no public name
        raise BadOrderError(f"The architecture {type(model).__name__} of {folder!r} cannot be packed; choose another.")
    if getattr(model.config.get_text_config(), "attention_chunk_size", None) is not None:
        raise BadOrderError(f"The model {folder!r} attends in chunks, which cannot be packed; choose another.")
    model.requires_grad_(requires_grad=False)
    model.set_attn_implementation(PACKED_ATTENTION)
    if not options:
        torch.nn.Module.to(model, device or device_here())
    torch.nn.Module.train(model, mode=False)
    return model


def compute_in(model: "PreTrainedModel", precision: Precision) -> None:
    """Have the products of a float32 model made in another type from now on, where losses are made of it."""
    _COMPUTE_DTYPES[model] = _DTYPES[precision]


def computing(model: AnyModel) -> "AbstractContextManager[None]":
    """Return the context in which `compute_in` holds."""
    dtype = compute_dtype_of(model)
    return torch.autocast(model.device.type, dtype=dtype, enabled=dtype != model.dtype)


def compute_dtype_of(model: AnyModel) -> torch.dtype:
    """Return the type in which products are made: that of the weights where nothing else was said."""
    return _COMPUTE_DTYPES.get(without_adapter(model), model.dtype)


def use_operations(model: AnyModel, operations: Operations) -> None:
    """Have attention and losses of a float32 model on a CPU made by these from now on."""
    _OPERATIONS[without_adapter(model)] = operations


def operations_of(model: AnyModel) -> Operations | None:
    """Return what `use_operations` said, if anything."""
    return _OPERATIONS.get(without_adapter(model))


def without_adapter(model: AnyModel) -> "PreTrainedModel":
    """Return the model itself, whether or not an adapter is around it."""
    return cast("PreTrainedModel", getattr(model, "get_base_model", lambda: model)())


@contextmanager
def unpacked(model: AnyModel) -> Iterator[None]:
    """Switch to plain attention with caches, as generation needs it."""
    base = without_adapter(model)
    use_plain_attention(base)
    try:
        yield
    finally:
        base.set_attn_implementation(PACKED_ATTENTION)


def use_plain_attention(model: "PreTrainedModel") -> None:
    """Switch to the best attention of the library that the architecture has."""
    model.set_attn_implementation("sdpa" if model._supports_sdpa else "eager")  # noqa: SLF001 - the library's own flag has no public name


def load_tokenizer(folder: str) -> "PreTrainedTokenizerBase":
    """Load the tokenizer of a model, with its chat template where it has one.

    Raises:
        BadOrderError: there is none.
    """
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise BadOrderError(f"The tokenizer of {folder!r} cannot be loaded: {error}") from error
    return tokenizer


def attach_adapter(model: "PreTrainedModel", folder: Path) -> "PeftModel":
    """Put a saved adapter on its base.

    Raises:
        BadOrderError: there is no adapter, or it was made for another base.
    """
    from peft import PeftModel

    from brewslm.worker.lora import fuse_adapters

    try:
        tuned = PeftModel.from_pretrained(model, str(folder), is_trainable=False)
    except (OSError, ValueError, RuntimeError) as error:
        message = f"The adapter {str(folder)!r} cannot be put on the base model: {str(error).splitlines()[0]}"
        raise BadOrderError(message) from error
    fuse_adapters(tuned)
    torch.nn.Module.train(tuned, mode=False)
    return tuned


def load_tuned(base_model: str, tuned: Path, form: TunedForm) -> AnyModel:
    """Load what a training left, in float32: an adapter on its base, or a whole model.

    Raises:
        BadOrderError: it is not there, or does not fit the base.
    """
    if form == "model":
        return load_model(str(tuned), precision="float32")
    return attach_adapter(load_model(base_model, precision="float32"), tuned)


def vocab_size_of(model: AnyModel) -> int:
    """Return the number of tokens that the model knows."""
    size: int = model.config.get_text_config().vocab_size
    return size


def runtime_name() -> str:
    """Name what computes, with its version."""
    import transformers

    return f"transformers {transformers.__version__}, torch {torch.__version__}"


def quiet_libraries() -> None:
    """Keep progress bars and advice of the libraries out of the worker's log; warnings stay."""
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    logging.getLogger("transformers").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
