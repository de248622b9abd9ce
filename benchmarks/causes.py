"""Causes of failures, and messages of each in which ids, paths, times, hashes, addresses and numbers differ."""

import random
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from brewslm.core.events.reasons import Reason
from brewslm.core.stage_name import StageName

_MOMENT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
_PLACE = re.compile(r"\{(\w+)(?::([^}]+))?\}")


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a step fails, and how that is told: words in braces are other ones each time."""

    step: StageName
    reason: Reason
    template: str

    def say(self, rng: random.Random) -> str:
        """Return one message."""
        return _PLACE.sub(lambda place: _spell(rng, place[1], place[2]), self.template)


CAUSES: tuple[Cause, ...] = tuple(
    Cause(step, reason, template)
    for step, reason, template in (
        ("ingest", Reason.INGESTION_UNREACHABLE, "{url} answered HTTP 404"),
        ("ingest", Reason.INGESTION_UNREACHABLE, "{url} answered HTTP 503"),
        ("ingest", Reason.INGESTION_UNREACHABLE, "{ip} refused the connection at {when}"),
        ("ingest", Reason.INGESTION_MALFORMED, "{path:rows.jsonl}, line {n}: the record is no JSON object"),
        ("ingest", Reason.INGESTION_MALFORMED, "{path:rows.csv}, line {n}: a quote is not closed"),
        ("ingest", Reason.INGESTION_EMPTY, "{path:data.parquet} holds no rows"),
        ("map_commit", Reason.MAPPING_SOURCE_CHANGED, "snapshot-{hash:16} is not snapshot-{hash:16}, seen at {when}"),
        ("map_commit", Reason.MAPPING_COVERAGE, "{share} of {n} rows could be mapped, {share} are needed"),
        ("clean", Reason.CLEANING_PII, "{rows} in the way: an e-mail address in row {n}"),
        ("clean", Reason.CLEANING_PII, "{rows} in the way: a secret in row {n}"),
        ("prepare", Reason.PREPARATION_TOO_LONG, "Example {n} has {n} tokens, max_seq_len is {n}"),
        ("preflight", Reason.PREFLIGHT_DISK, "{size} are free at {path:runs}, {size} are needed"),
        ("preflight", Reason.PREFLIGHT_DEPENDENCY, "The package 'peft' is missing; run `pip install 'brewslm[train]'`"),
        (
            "preflight",
            Reason.PREFLIGHT_DEPENDENCY,
            "The package 'torch' is missing; run `pip install 'brewslm[train]'`",
        ),
        (
            "train",
            Reason.TRAINING_OOM,
            "CUDA out of memory. Tried to allocate {size}. GPU {gpu} has {size}, {size} free",
        ),
        ("train", Reason.TRAINING_OOM, "The kernel ended the process {n} at step {n}: it held {size} of {size}"),
        ("train", Reason.TRAINING_NAN, "Loss or gradient of step {n} is not finite."),
        ("train", Reason.TRAINING_RUNTIME_ERROR, "The worker of train-{n} ended with exit code 1 after {seconds}"),
        ("train", Reason.TRAINING_RUNTIME_ERROR, "The worker of train-{n} was ended by signal 9 after {seconds}"),
        ("train", Reason.TRAINING_RUNTIME_ERROR, "No checkpoint in {path:checkpoints} is whole any more"),
        ("train", Reason.TRAINING_DEVICE_FAILED, "cuda:{gpu} reported an error at {when} (0x{hash:8})"),
        ("evaluate", Reason.EVALUATION_RUNTIME_ERROR, "The split {path:test} holds no examples; prepare it again."),
        ("export", Reason.EXPORT_PARITY_FAILED, "The losses differ by {small}, {small} is allowed; first at token {n}"),
        ("export", Reason.EXPORT_CHECKSUM_MISMATCH, "{path:a.safetensors}: {hash:64} was recorded, {hash:64} is there"),
        ("deploy", Reason.DEPLOYMENT_SMOKE_FAILED, "The release gave no answer within {seconds} on {ip}"),
    )
)


def _spell(rng: random.Random, what: str, more: str | None) -> str:
    number = rng.randrange(1, 9_000_000)
    spelled = {
        "path": lambda: repr(f"{_folder(rng)}/{more}"),
        "url": lambda: f"https://h{rng.randrange(99)}.example/d/{_hex(rng, 12)}?part={number}",
        "ip": lambda: f"10.{rng.randrange(255)}.0.{rng.randrange(255)}:{rng.randrange(1024, 65535)}",
        "when": lambda: _when(rng),
        "hash": lambda: _hex(rng, int(more or 64)),
        "share": lambda: f"{rng.uniform(0, 100):.{rng.randrange(3)}f} %",
        "rows": lambda: rng.choice(("1 row is", "2 rows are", f"{number} rows are")),
        "size": lambda: f"{rng.uniform(0.1, 80):.{rng.randrange(3)}f} {rng.choice(('GiB', 'MiB', 'GB'))}",
        "seconds": lambda: rng.choice(
            (f"{rng.uniform(1, 59):.1f} s", f"{rng.randrange(1, 59)} min 07 s", "2 h 03 min")
        ),
        "small": lambda: rng.choice((f"{rng.random():.4f}", f"{rng.random():.1e}", "1")),
        "gpu": lambda: str(rng.randrange(8)),
        "n": lambda: rng.choice((str(number), f"{number:,}")),
    }
    return spelled[what]()


def _folder(rng: random.Random) -> str:
    user = rng.choice(("ada", "grace-h", "u1007", "j.doe"))
    root = rng.choice((f"/home/{user}", "/mnt/data 2", f"/Users/{user}/My Files", "/srv"))
    return f"{root}/{rng.choice(('runs', 'brew', 'x7'))}/exp-{rng.randrange(1, 400):03d}"


def _hex(rng: random.Random, length: int) -> str:
    return f"{rng.getrandbits(4 * length):0{length}x}"


def _when(rng: random.Random) -> str:
    moment = _MOMENT + timedelta(seconds=rng.randrange(10**7))
    return rng.choice((moment.isoformat(), f"{moment:%Y-%m-%d %H:%M:%S}", f"{moment:%H:%M:%S}"))
