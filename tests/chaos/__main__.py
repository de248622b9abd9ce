"""`python -m tests.chaos TRIALS [--seed N] [--fault NAME] [--postgresql]`: many trials, and the table by fault."""

import argparse
import json
import os
import tempfile
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

from tests.chaos.faults import FAULTS, FAULTS_ON_POSTGRES
from tests.chaos.table import table
from tests.chaos.trial import Outcome, prepared_stage, trial
from tests.fakes.postgres import cluster


def main() -> int:
    """Run the trials one after the other; return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("trials", type=int)
    parser.add_argument("--seed", type=int, default=20261)
    parser.add_argument("--fault", help="only faults with this in their name")
    parser.add_argument("--out", type=Path, help="append one JSON line a trial")
    parser.add_argument("--own-processes", action="store_true", help="start each process by itself, as users do")
    parser.add_argument("--postgresql", action="store_true", help="with the ledger in a database of PostgreSQL")
    wanted = parser.parse_args()
    is_root = os.geteuid() == 0  # who may mount a disk
    known = FAULTS_ON_POSTGRES if wanted.postgresql else FAULTS
    faults = [one for one in known if (wanted.fault or "") in one.name and (is_root or not one.needs_root)]
    outcomes: list[Outcome] = []
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place,
        prepared_stage(Path(place), own_processes=wanted.own_processes) as stage,
        cluster() if wanted.postgresql else nullcontext() as postgres,
    ):
        for number in range(wanted.trials):
            fault = faults[number % len(faults)]
            outcome = trial(fault, wanted.seed + number, Path(place) / str(number), stage, postgres=postgres)
            outcomes.append(outcome)
            print(json.dumps(asdict(outcome)), flush=True)
            if wanted.out is not None:
                with wanted.out.open("a") as file:
                    file.write(json.dumps(asdict(outcome)) + "\n")
    print(table(outcomes))
    return int(any(outcome.problems for outcome in outcomes))


if __name__ == "__main__":
    raise SystemExit(main())
