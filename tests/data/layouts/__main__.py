"""Prints what introspection makes of every layout here and of the files that are named: shape, confidence, mapping."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from brewslm.core.artifacts.schema import Schema
from brewslm.core.errors import BrewError
from brewslm.core.mapping.rivalry import told_columns
from brewslm.stages.ingest import INGEST
from brewslm.stages.ingest.contract import IngestInputs
from tests.unit.stages.workbench import Workbench

HERE = Path(__file__).parent


def schema_of(path: Path, folder: Path) -> Schema:
    """Ingest a file on a bench in `folder`, and look at it."""
    bench = Workbench(folder)
    return bench.introspect(bench.run(INGEST, IngestInputs(locator=str(path))))


def main(files: list[str]) -> None:
    """Print one line for each file; under an ambiguous one, why it is."""
    own = sorted(path for path in HERE.iterdir() if path.suffix in {".jsonl", ".json", ".csv", ".tsv"})
    for path in [Path(name) for name in files] or [path for path in own if path.name != "expected.json"]:
        with TemporaryDirectory() as folder:
            try:
                schema = schema_of(path, Path(folder))
            except BrewError as error:
                print(f"{path.name:44} refused: {error}")
                continue
        first = schema.hypotheses[0] if schema.hypotheses else None
        chosen = schema.chosen or "asks"
        print(
            f"{path.name:44} {chosen:18} {first.confidence if first else 0:.2f}  {told_columns(first) if first else ''}"
        )
        if schema.chosen is None:
            print(f"    {schema.problem}")


if __name__ == "__main__":
    main(sys.argv[1:])
