"""The C library of llama.cpp, as `xllamacpp` or `llama-cpp-python` bring it: a few of its functions through ctypes.

Only functions are called that have been in `llama.h` for years. Its structures of settings grow with every version, so
they are passed as blocks that are larger than any of them, filled in by the library itself. Only the first four numbers
of the context's settings are changed, after a look that they are where they always were.
"""

import ctypes
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from brewslm.core.wire.export import INSTALL_GGUF
from brewslm.worker.failure import BadOrderError

_BLOCK_BYTES = 1024
_DEFAULT_SIZES = (512, 2048, 512, 1)
"""`n_ctx`, `n_batch`, `n_ubatch`, `n_seq_max` of `llama_context_default_params`."""


class Settings(ctypes.Structure):
    """A structure of settings of any version, passed by value."""

    _fields_ = (("sizes", ctypes.c_uint32 * 4), ("rest", ctypes.c_uint8 * (_BLOCK_BYTES - 16)))


class Batch(ctypes.Structure):
    """`llama_batch`."""

    _fields_ = (
        ("num_tokens", ctypes.c_int32),
        ("tokens", ctypes.POINTER(ctypes.c_int32)),
        ("embeddings", ctypes.c_void_p),
        ("positions", ctypes.POINTER(ctypes.c_int32)),
        ("num_sequences", ctypes.POINTER(ctypes.c_int32)),
        ("sequences", ctypes.POINTER(ctypes.POINTER(ctypes.c_int32))),
        ("wants_logits", ctypes.POINTER(ctypes.c_int8)),
    )


_LOG = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
_DEAF = _LOG()
"""The library's own way, which is to write to the worker's log."""
_POINTER, _TEXT, _INT, _LONG = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32, ctypes.c_int64
_SIGNATURES: dict[str, tuple[object, tuple[object, ...]]] = {
    "llama_backend_init": (None, ()),
    "llama_log_set": (None, (_LOG, _POINTER)),
    "llama_model_default_params": (Settings, ()),
    "llama_context_default_params": (Settings, ()),
    "llama_model_load_from_file": (_POINTER, (_TEXT, Settings)),
    "llama_model_free": (None, (_POINTER,)),
    "llama_model_get_vocab": (_POINTER, (_POINTER,)),
    "llama_model_n_ctx_train": (_INT, (_POINTER,)),
    "llama_model_size": (ctypes.c_uint64, (_POINTER,)),
    "llama_init_from_model": (_POINTER, (_POINTER, Settings)),
    "llama_free": (None, (_POINTER,)),
    "llama_set_n_threads": (None, (_POINTER, _INT, _INT)),
    "llama_get_memory": (_POINTER, (_POINTER,)),
    "llama_memory_clear": (None, (_POINTER, ctypes.c_bool)),
    "llama_batch_init": (Batch, (_INT, _INT, _INT)),
    "llama_batch_free": (None, (Batch,)),
    "llama_decode": (_INT, (_POINTER, Batch)),
    "llama_get_logits_ith": (ctypes.POINTER(ctypes.c_float), (_POINTER, _INT)),
    "llama_vocab_n_tokens": (_INT, (_POINTER,)),
    "llama_vocab_is_eog": (ctypes.c_bool, (_POINTER, _INT)),
    "llama_tokenize": (
        _INT,
        (_POINTER, _TEXT, _INT, ctypes.POINTER(ctypes.c_int32), _INT, ctypes.c_bool, ctypes.c_bool),
    ),
    "llama_detokenize": (
        _INT,
        (_POINTER, ctypes.POINTER(ctypes.c_int32), _INT, _POINTER, _INT, ctypes.c_bool, ctypes.c_bool),
    ),
    "ggml_quantize_chunk": (
        ctypes.c_size_t,
        (ctypes.c_int, _POINTER, _POINTER, _LONG, _LONG, _LONG, _POINTER),
    ),
}


@dataclass(frozen=True, slots=True)
class Library:
    """The loaded library, and what it is called."""

    functions: ctypes.CDLL
    name: str


@cache
def load_library() -> Library:
    """Load llama.cpp once in this process.

    Raises:
        BadOrderError: neither package is installed, or its library is not one that is understood.
    """
    name, path = _installed()
    try:
        functions = ctypes.CDLL(str(path))
        for function, (answer, arguments) in _SIGNATURES.items():
            found = getattr(functions, function)
            found.restype, found.argtypes = answer, arguments
    except (OSError, AttributeError) as error:
        raise BadOrderError(f"The runtime {name} cannot be used ({error}); {INSTALL_GGUF}.") from error
    functions.llama_log_set(_DEAF, None)
    functions.llama_backend_init()
    sizes = tuple(functions.llama_context_default_params().sizes)
    if sizes != _DEFAULT_SIZES:
        message = f"The runtime {name} has settings that begin with {sizes}, not with {_DEFAULT_SIZES}"
        raise BadOrderError(f"{message}; {INSTALL_GGUF}.")
    return Library(functions, name)


@contextmanager
def listening(library: Library) -> Iterator[deque[str]]:
    """Collect the newest warnings and errors of the library while one of its calls is made.

    Not for longer: a thread of the library that has something to say waits for Python, which may be waiting for it.
    """
    heard: deque[str] = deque(["it gives no reason"], maxlen=20)

    def listen(level: int, text: bytes, _: object) -> None:
        if level >= 3:  # GGML_LOG_LEVEL_WARN; 5 goes on with the line before
            heard.append(" ".join(text.decode("utf-8", "replace").split()))

    listener = _LOG(listen)
    library.functions.llama_log_set(listener, None)
    try:
        yield heard
    finally:
        library.functions.llama_log_set(_DEAF, None)


def _installed() -> tuple[str, Path]:
    for package, pattern in (("xllamacpp", "xllamacpp*.so"), ("llama_cpp", "lib/libllama.*")):
        spec = find_spec(package)
        folders = spec.submodule_search_locations if spec is not None else None
        found = sorted(path for folder in folders or () for path in Path(folder).glob(pattern))
        if found:
            distribution = package.replace("_", "-")
            distribution = "llama-cpp-python" if distribution == "llama-cpp" else distribution
            return f"llama.cpp ({distribution} {version(distribution)})", found[0]
    raise BadOrderError(f"A GGUF bundle is tested in llama.cpp, which is not installed here; {INSTALL_GGUF}.")
