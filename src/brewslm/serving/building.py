"""Putting an engine behind the face."""

from collections.abc import Callable

from brewslm.core.serving.order import ServeOrder
from brewslm.serving.openai.face import Built, Model


def build(order: ServeOrder, *, on_broken: Callable[[], None]) -> Built:
    """Load the model with the engine that the order names.

    Raises:
        RefusedError: it cannot be served.
    """
    if order.engine == "llama_cpp":
        from brewslm.serving.llama_cpp import build_llama_cpp

        return build_llama_cpp(order)
    return _transformers(order, on_broken)


def _transformers(order: ServeOrder, on_broken: Callable[[], None]) -> Built:
    import torch
    import transformers

    from brewslm.serving.adapters import Adapters
    from brewslm.serving.engine import BatchEngine
    from brewslm.serving.models import load
    from brewslm.serving.prompts import Prompts

    transformers.utils.logging.disable_progress_bar()
    served = load(order)

    engine = BatchEngine(served, max_streams=order.max_streams, prefill_tokens=order.prefill_tokens)
    engine.on_broken = on_broken
    adapters = Adapters(engine)
    adapters.hold(order.adapters)
    model = Model(order.name, served.context_tokens, Prompts(served.tokenizer), engine, adapters)
    runtime = f"transformers {transformers.__version__}, torch {torch.__version__}"
    return Built(model, runtime, str(served.device))
