"""Values that options take, spelled here so that `--help` needs no model; a test compares them with core."""

from typing import Literal

Template = Literal["general", "support", "classification", "extraction"]
Shape = Literal[
    "chat",
    "instruction",
    "prompt_completion",
    "qa",
    "classification",
    "preference",
    "binary_feedback",
    "extraction",
    "summarisation",
    "translation",
    "plain_text",
    "documents",
]
Profile = Literal["safe", "balanced", "max_quality"]
Task = Literal["causal_lm"]
Truncation = Literal["drop", "truncate", "raise"]
LeakPolicy = Literal["move", "drop", "report"]
LeakCheck = Literal["exact", "near", "semantic"]
SplitName = Literal["train", "eval", "test"]
GoldenPurpose = Literal["dev", "test"]
GoldenSplit = Literal["eval", "test"]
Device = Literal[
    "mobile_iphone15",
    "android_flagship",
    "raspberry_pi5",
    "laptop_cpu",
    "browser_webgpu",
    "edge_gpu_8gb",
    "server_gpu",
]
PiiPolicy = Literal["off", "warn", "redact", "block"]
Status = Literal["queued", "running", "completed", "failed", "cancelled"]
Kind = Literal[
    "snapshot",
    "schema",
    "mapping",
    "dataset",
    "manifest",
    "readiness",
    "adapter",
    "eval_report",
    "bundle",
    "release",
    "optimization",
    "golden",
]
