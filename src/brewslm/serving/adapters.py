"""Adapters that come and go while their base answers.

Rows of one batch may have different adapters, which peft mixes by name. It cannot do that with DoRA, whose adapters
have to be merged into a model of their own.
"""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from brewslm.core.serving.order import ServedAdapter
from brewslm.serving.engine import BatchEngine
from brewslm.serving.failure import RefusedError
from brewslm.serving.models import Served

_keys = itertools.count(1)


class Adapters:
    """Those of one engine."""

    def __init__(self, engine: BatchEngine) -> None:
        """Bind it."""
        self._engine = engine

    def key_of(self, name: str) -> str | None:
        """What the engine calls the adapter of this name; None where it holds none."""
        return self._engine.served.adapters.get(name)

    def hold(self, wanted: Sequence[ServedAdapter]) -> None:
        """Load those that are missing and drop the others, once nobody is answered by them.

        Raises:
            RefusedError: one of them does not fit; the others are held.
        """
        self._engine.change(partial(_drop, frozenset(adapter.name for adapter in wanted)))
        for adapter in wanted:
            self._engine.change(partial(_add, adapter))


def _add(adapter: ServedAdapter, served: Served, _in_use: frozenset[str]) -> Served:
    if adapter.name in served.adapters:
        return served
    from peft import PeftModel

    with _understood(served, adapter):
        config = _config_of(adapter)
        if config.use_dora:
            message = f"the adapter {adapter.name!r} is one of DoRA, which cannot share a base; serve it merged"
            raise RefusedError(message)
        # A name may hold a dot, which a module of torch may not.
        key = f"adapter{next(_keys)}"
        model = served.model if served.has_adapters else PeftModel(served.model, config, adapter_name=key)
        try:
            model.load_adapter(adapter.folder, adapter_name=key, is_trainable=False)
        except Exception:
            # What was put into the base for it would answer in the base's place.
            if not served.has_adapters:
                model.unload()
            elif key in model.peft_config:
                model.delete_adapter(key)
            raise
        torch.nn.Module.train(model, mode=False)
    return replace(served, model=model, adapters={**served.adapters, adapter.name: key})


def _drop(names: frozenset[str], served: Served, in_use: frozenset[str]) -> Served:
    """Let go of those that have none of these names, and that nobody is answered by."""
    gone = {name: key for name, key in served.adapters.items() if name not in names and key not in in_use}
    kept = {name: key for name, key in served.adapters.items() if name not in gone}
    if gone and not kept:
        return replace(served, model=served.model.unload(), adapters={})
    if gone:
        served.model.set_adapter(next(iter(kept.values())))
    for key in gone.values():
        served.model.delete_adapter(key)
    return replace(served, adapters=kept)


def _config_of(adapter: ServedAdapter) -> Any:  # noqa: ANN401 - of peft
    from peft import LoraConfig

    if not Path(adapter.folder).is_dir():  # peft would take it for a name of the hub
        message = f"the adapter {adapter.name!r} is not there any more: {adapter.folder!r}"
        raise RefusedError(message)
    return LoraConfig.from_pretrained(adapter.folder)


@contextmanager
def _understood(served: Served, adapter: ServedAdapter) -> Iterator[None]:
    try:
        yield
    except RefusedError:
        raise
    except Exception as error:
        first = str(error).splitlines()[0] if str(error) else repr(error)
        message = f"the adapter {adapter.name!r} does not fit {served.name!r}: {first}"
        raise RefusedError(message) from error
