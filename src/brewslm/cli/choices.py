"""Values that options take, spelled here so that `--help` needs no model; a test compares them with core."""

from typing import Literal

Answer = Literal["accept", "refuse"]
Severity = Literal["info", "warning", "error", "critical"]
EventStage = Literal[
    "project",
    "ingestion",
    "introspection",
    "mapping",
    "cleaning",
    "preparation",
    "preflight",
    "benchmark",
    "training",
    "monitoring",
    "evaluation",
    "export",
    "deployment",
    "gate",
    "autopilot",
    "system",
]
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
SourceFormat = Literal["jsonl", "json", "csv", "parquet", "arrow", "xlsx", "text", "markdown", "html", "docx", "pdf"]
Encoding = Literal[
    "utf-8",
    "utf-16-le",
    "utf-16-be",
    "utf-32-le",
    "utf-32-be",
    "cp1252",
    "iso8859-1",
    "cp1250",
    "cp1251",
    "koi8-r",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp874",
    "shift_jis",
    "cp932",
    "euc_jp",
    "gb18030",
    "big5",
    "cp949",
]
Profile = Literal["safe", "balanced", "max_quality"]
Task = Literal["causal_lm"]
Mode = Literal["sft", "continued_pretraining", "dpo", "orpo", "kto"]
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
Stage = Literal[
    "ingest",
    "introspect",
    "map_dry_run",
    "map_commit",
    "clean",
    "prepare",
    "preflight",
    "train",
    "evaluate",
    "export",
    "deploy",
]
GateMode = Literal["auto", "auto-judge", "human"]
Theme = Literal["light", "dark"]
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
    "benchmark",
    "forecast",
    "review",
]

EventFormat = Literal["jsonl", "csv"]
JobOrder = Literal["newest", "oldest", "finished"]
JobKind = Literal[
    Stage, "import", "autopilot", "evaluation", "optimize", "golden", "benchmark", "forecast", "review", "probe"
]
EngineName = Literal["local", "ray", "slurm"]
