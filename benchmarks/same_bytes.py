"""Promise F2: whether other Pythons write the same bundles, byte for byte, and read the same data out of a file.

    python -m benchmarks.same_bytes --python OTHER/bin/python [--python ANOTHER/bin/python]

Each Python needs BrewSLM installed with `train` and `gguf`, of this same version. One life is led here up to its
evaluation; a copy of the workspace is exported by each Python, this one among them, in every form. Then each Python
takes the same file through ingest, clean and prepare in a workspace of its own. What is not equal is named. (A bundle
says in which build of torch its parity was measured, so three files of it differ between builds.)
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.journeys.brew import Brew
from tests.journeys.test_killed_export import FORMS, bundles, copied, lead, read, sums_of

ALL_FORMS = {
    **FORMS,
    "gguf q4_k_m": ("--format", "gguf", "--quantization", "q4_k_m"),
    "safetensors": ("--format", "safetensors"),
}


def main() -> int:
    """Print a row for each Python; return 1 where a byte differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", action="append", required=True, help="another Python with BrewSLM in it")
    pythons = [sys.executable, *parser.parse_args().python]
    with tempfile.TemporaryDirectory() as folder:
        return compare(Path(folder), pythons)


def compare(folder: Path, pythons: list[str]) -> int:
    """Lead the life, export it with each, and print the table."""
    tuned, data = lead(folder), folder / "sums.jsonl"
    print(f"| Python | torch | data | {' | '.join(ALL_FORMS)} |\n|{'---|' * (len(ALL_FORMS) + 3)}", flush=True)
    first: list[str] = []
    for number, python in enumerate(pythons):
        found = [made_of(data, Brew(folder / f"read-{number}", python=python))]
        for form, words in ALL_FORMS.items():
            brew = copied(tuned, folder / f"{number}-{form.replace(' ', '-')}")
            brew.python = python
            brew.run("export", "--project", "1", *words)
            (bundle,) = bundles(brew)
            found.append(sums_of(bundle))
        first = first or found
        said = [differing(one, other) for one, other in zip(found, first, strict=True)]
        print(f"| {version(python, 'sys.version.split()[0]')} | {version(python, 'torch.__version__')} "
              f"| {' | '.join(said)} |", flush=True)  # fmt: skip
        if found != first:
            return 1
    return 0


def differing(one: str, other: str) -> str:
    """The last word of each line (a file, or an artifact) that is not in both."""
    lines = set(one.splitlines()) ^ set(other.splitlines())
    return ", ".join(sorted({line.split()[-1] for line in lines})) or "equal"


def made_of(data: Path, brew: Brew) -> str:
    """The identity of everything that comes of a file before the first model."""
    read(brew, data)
    return "\n".join(sorted(one["id"] for one in brew.ask("artifacts", "list", "--project", "1")))


def version(python: str, expression: str) -> str:
    """What a Python says of itself."""
    done = subprocess.run(
        [python, "-c", f"import sys, torch; print({expression})"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


if __name__ == "__main__":
    raise SystemExit(main())
