"""Fuzz of ingest that is guided by coverage: `python -m tests.unit.stages.ingest.fuzz_guided CORPUS SECONDS`.

Needs the extra `fuzz`. What reaches new code of ingest is kept in the folder CORPUS, so that the next run goes on from
there. A case that breaks a promise ends the run, and lies in `CORPUS.crash-…`; the same command with that file in
place of the folder, and no seconds, runs it again.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["brewslm.stages.ingest"]):
    from tests.unit.stages.ingest.fuzz import KINDS, MAX_SECONDS, MEMORY_BYTES, TOKENS, outcome_of, seeds

NAMES = sorted({name for kind in KINDS for name, _ in seeds(kind)})
"""The first byte of a case says what its file is called."""


def one_case(data: bytes) -> None:
    """Parse what libFuzzer made up.

    Raises:
        AssertionError: rows do not add up, or a refusal is more than one line.
    """
    if not data:
        return
    with tempfile.TemporaryDirectory() as folder:
        outcome = outcome_of(Path(folder), NAMES[data[0] % len(NAMES)], data[1:])
    assert not outcome.startswith("BROKEN"), outcome


def sow(corpus: Path) -> None:
    """Put the sound files of the table of cases into the corpus."""
    corpus.mkdir(parents=True, exist_ok=True)
    for kind in dict.fromkeys(KINDS):
        for name, data in seeds(kind):
            (corpus / f"seed-{name.replace('/', '-')}").write_bytes(bytes([NAMES.index(name)]) + data)


def main(place: Path, seconds: int | None = None) -> None:
    """Run for some seconds, or one case that is known."""
    words = [sys.argv[0], str(place)]
    if seconds is not None:
        sow(place)
        dictionary = place.with_name(f"{place.name}.dict")
        lines = ("".join(f"\\x{byte:02x}" for byte in token) for token in TOKENS if len(token) < 64)
        dictionary.write_text("".join(f'"{line}"\n' for line in lines))
        words += [f"-max_total_time={seconds}", f"-timeout={MAX_SECONDS:.0f}", f"-rss_limit_mb={MEMORY_BYTES >> 20}"]
        words += ["-max_len=20000", f"-dict={dictionary}", f"-artifact_prefix={place}."]
    atheris.Setup(words, one_case)
    atheris.Fuzz()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *(int(word) for word in sys.argv[2:]))
