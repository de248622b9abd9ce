"""Forms of a model for a device, in the terminal."""

from collections.abc import Iterable

from rich.console import RenderableType
from rich.text import Text

from brewslm.cli.render.parts import facts, table
from brewslm.cli.text import size
from brewslm.core.artifacts.optimization import Candidate, Optimization

_HEADERS = (
    "form",
    "file",
    "loss",
    "tokens/s here",
    "full context",
    "longest that fits",
    "device tokens/s",
    "best",
)


def optimization_page(optimization: Optimization) -> Iterable[RenderableType]:
    """Candidates with what was measured here and what is estimated for the device, each said to be so."""
    rows = [
        (
            Text(one.dtype, style="bold" if one.dtype == optimization.recommended else ""),
            size(one.weight_bytes),
            f"{one.loss:.4f}",
            f"{one.tokens_per_second_here:,.0f}",
            size(one.memory_bytes),
            _longest(one),
            _speed(one),
            "yes" if one.is_pareto else "no",
        )
        for one in optimization.candidates
    ]
    yield table(_HEADERS, rows, right=(1, 2, 3, 4, 5, 6))
    memory = optimization.device_memory_bytes
    yield Text("")
    yield facts(
        [
            ("measured", f"file, loss and tokens/s here, in {optimization.runtime}; on the eval split"),
            ("forecast", "memory: the file, and the cache of keys and values"),
            ("estimated", _basis(optimization)),
            ("best", "no other form has both a lower loss and less memory (so more speed)"),
            ("device", f"{optimization.device}: {size(memory) if memory else 'memory not known'}"),
            *(("", figure) for figure in optimization.device_figures or (optimization.device_source,)),
            ("recommended", f"{optimization.recommended or 'none'}: {optimization.reason}"),
            *((("exported", optimization.export_id),) if optimization.export_id is not None else ()),
        ]
    )


def _longest(one: Candidate) -> str:
    if not one.contexts:
        return "not known" if one.fits is None else "full" if one.fits else "not the full one"
    fitting = [context.num_tokens for context in one.contexts if context.fits]
    return f"{max(fitting):,}" if fitting else "none"


def _speed(one: Candidate) -> str:
    speed = one.device_speed
    return "not estimated" if speed is None else f"{speed.low:,.0f} to {speed.high:,.0f}"


def _basis(optimization: Optimization) -> str:
    speed = optimization.candidates[0].device_speed
    return "nothing" if speed is None else f"device tokens/s: {speed.basis}"
