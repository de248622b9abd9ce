"""Who takes part, with which settings: the one table of them. A peer's settings are spelled as its users spell them."""

from dataclasses import dataclass, field
from typing import Any, Literal

Peer = Literal["brewslm", "trl", "llamafactory", "torchtune"]
Role = Literal["ours", "best", "default", "candidate"]

# What glibc is told so that it keeps memory instead of giving it back after each step, and what the threads of a
# product do while they wait: the worker's launcher sets the latter (`adapters/engines/local.py`).
TUNED = {
    "MALLOC_TOP_PAD_": str(1 << 30),
    "MALLOC_MMAP_THRESHOLD_": str(1 << 32),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 34),
    "GOMP_SPINCOUNT": "10000",
}


@dataclass(frozen=True, slots=True)
class Contestant:
    """One peer with one group of settings."""

    name: str
    peer: Peer
    role: Role
    batch_size: int
    """Rows of a micro-batch; a step has 32 rows whatever it is."""
    options: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    methods: tuple[str, ...] = ("lora", "full")
    shapes: tuple[str, ...] = ("30m", "135m")
    is_exact: bool = True
    """Computes in float32, so that its losses must agree step by step."""


def ours(name: str, batch_size: int, role: Role = "ours", **recipe: Any) -> Contestant:
    """The worker as the product starts it; options are fields of the recipe."""
    return Contestant(name, "brewslm", role, batch_size, recipe, is_exact=recipe.get("precision") != "bfloat16")


def trl(name: str, batch_size: int, role: Role = "candidate", *, malloc: bool = True, **options: Any) -> Contestant:
    """SFTTrainer in float32 without checkpointing, which is how it is fastest here; `options` go on top."""
    fast = {"gradient_checkpointing": False, "bf16": False}
    settings = {**fast, **options}
    return Contestant(
        f"trl-{name}", "trl", role, batch_size, settings, TUNED if malloc else {}, is_exact=not settings["bf16"]
    )


def llamafactory(
    name: str, batch_size: int, role: Role = "candidate", *, malloc: bool = True, **options: Any
) -> Contestant:
    """LLaMA-Factory without checkpointing."""
    settings = {"disable_gradient_checkpointing": True, **options}
    return Contestant(
        f"llamafactory-{name}",
        "llamafactory",
        role,
        batch_size,
        settings,
        TUNED if malloc else {},
        is_exact=not settings.get("bf16", False),
    )


def torchtune(
    name: str, batch_size: int, role: Role = "candidate", *, malloc: bool = True, **options: Any
) -> Contestant:
    """The recipe for one device, in float32."""
    settings = {"dtype": "fp32", **options}
    return Contestant(
        f"torchtune-{name}",
        "torchtune",
        role,
        batch_size,
        settings,
        TUNED if malloc else {},
        is_exact=settings["dtype"] == "fp32",
    )


PADDING_FREE = {"padding_free": True, "max_length": None}

CONTESTANTS = (
    ours("general-b32", 32, step_path="general"),
    ours("general-b8", 8, step_path="general"),
    ours("fast-b32", 32, step_path="fast"),
    ours("fast-b16", 16, "candidate", step_path="fast"),
    ours("fast-bf16", 32, "candidate", step_path="fast", precision="bfloat16"),
    # TRL. Its defaults are bf16 autocast, gradient checkpointing, batches of 8.
    Contestant("trl-default", "trl", "default", 8, is_exact=False),
    trl("b1", 1, "best"),
    trl("pf-b4", 4, "best", **PADDING_FREE),
    trl("pf-b2", 2, **PADDING_FREE),
    trl("pf-b8", 8, **PADDING_FREE),
    trl("pf-b16", 16, **PADDING_FREE),
    trl("pf-b4-plain-malloc", 4, malloc=False, **PADDING_FREE),
    trl("pf-b4-eager", 4, attn_implementation="eager", **PADDING_FREE),
    trl("pf-b4-flex", 4, attn_implementation="flex_attention", **PADDING_FREE),
    trl("pf-b4-bf16", 4, bf16=True, **PADDING_FREE),
    trl("pf-b4-workers", 4, dataloader_num_workers=1, **PADDING_FREE),
    trl("pf-b4-compiled", 4, torch_compile=True, **PADDING_FREE),
    trl("b1-compiled", 1, torch_compile=True),
    trl("b4", 4),
    trl("b8", 8),
    trl("b32", 32),
    # LLaMA-Factory. Its defaults are float32 on CPUs, gradient checkpointing, batches of 8.
    Contestant("llamafactory-default", "llamafactory", "default", 8),
    llamafactory("b1", 1, "best"),
    llamafactory("b2", 2),
    llamafactory("b4", 4),
    llamafactory("b8", 8),
    llamafactory("b1-plain-malloc", 1, malloc=False),
    llamafactory("b1-eager", 1, flash_attn="disabled"),
    llamafactory("b1-bf16", 1, bf16=True),
    # torchtune. Its recipe's defaults are bf16 and padded batches of 4.
    Contestant("torchtune-default", "torchtune", "default", 4, {"dtype": "bf16"}, is_exact=False),
    torchtune("packed-b4", 4, "best", packed=True),
    torchtune("packed-b8", 8, packed=True),
    torchtune("b1", 1),
    torchtune("b4", 4),
    torchtune("b8", 8),
    torchtune("b1-compiled", 1, compile=True),
)


def check_names() -> None:
    """Two contestants of one name would count as one."""
    names = [one.name for one in CONTESTANTS]
    assert len(names) == len(set(names)), "contestants need names of their own"
