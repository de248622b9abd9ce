"""Mappers of other distributions compete under the same rule; one that is broken never stops the others."""

import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from brewslm.adapters.plugins.mappers import EntryPointMappers
from brewslm.core.errors import MapperError
from brewslm.core.events.reasons import Reason
from brewslm.core.mapping.outcome import SourceRow
from brewslm.core.mapping.plugin import made_rows, sureness
from brewslm.stages.introspect.plugins import judge_plugins
from tests.unit.stages.workbench import Workbench

GOOD = """
class Tickets:
    shape = "chat"

    def propose(self, records):
        return 1.0 if all("log" in record for record in records) else 0.0

    def convert(self, record):
        turns = [line.split("> ", 1) for line in record["log"].split("|")]
        roles = {"c": "user", "s": "assistant"}
        return {"messages": [{"role": roles[who], "content": text} for who, text in turns], "queue": record["queue"]}
"""
_HEAD = "class Mapper:\n    shape = 'qa'\n    def convert(self, record): return [record]\n"
BROKEN = {
    "raises": "raise RuntimeError('out of\\norder')",
    "ends": "import sys; sys.exit(3)",
    "shapeless": "class Mapper: shape = 'sonnet'",
    "mute": "class Mapper:\n    shape = 'qa'",
    "sure": _HEAD + "    def propose(self, records): return 7",
    "asked": _HEAD + "    def propose(self, records): 1 / 0",
    "none": _HEAD + "    def propose(self, records): return 1.0",
}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    """A folder of packages that is on the path, as after an installation."""
    folder = tmp_path / "site"
    folder.mkdir()
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))
    for path in folder.glob("*.py"):
        sys.modules.pop(path.stem, None)


def install(site: Path, name: str, code: str, *, value: str = "Mapper", version: str = "1.2") -> None:
    module = f"brewslm_mapper_{name}"
    (site / f"{module}.py").write_text(code, encoding="utf-8")
    info = site / f"{module}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: {version}\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[brewslm.mappers]\n{name} = {module}:{value}\n", encoding="utf-8")


@pytest.fixture
def plugged(bench: Workbench) -> Workbench:
    bench.context = replace(bench.context, mappers=EntryPointMappers())
    return bench


ROWS: list[dict[str, Any]] = [{"log": f"c> question {n}|s> answer {n}", "queue": f"queue {n}"} for n in range(20)]


def test_an_installed_mapper_is_asked_and_its_rows_pass_the_same_converter(plugged: Workbench, site: Path) -> None:
    install(site, "tickets", GOOD, value="Tickets")
    rows = [*ROWS, {"log": "nonsense", "queue": "z"}]
    schema = plugged.introspect(plugged.ingest("data.jsonl", "\n".join(map(json.dumps, rows))))
    assert (schema.chosen, schema.hypotheses[0].mapper) == ("chat", "tickets 1.2"), schema.problem
    preview = plugged.dry_run(schema)
    assert preview.plan.mapper == "tickets 1.2"
    dataset = plugged.commit(preview)
    assert (dataset.tally, dataset.rejections) == (preview.tally, {"mapper_failed": 1})
    examples = plugged.rows(dataset, "examples.parquet")
    assert [turn["content"] for turn in examples[3]["messages"]] == ["question 3", "answer 3"]
    assert examples[3]["metadata"] == '{"queue":"queue 3"}'
    (rejected,) = plugged.rows(dataset, "rejections.parquet")
    assert rejected["raw"] == '{"log":"nonsense","queue":"z"}'
    assert "the mapper 'tickets 1.2' raised ValueError" in rejected["detail"]


def test_broken_ones_are_told_of_and_stop_nobody(plugged: Workbench, site: Path) -> None:
    install(site, "tickets", GOOD, value="Tickets")
    for name, code in BROKEN.items():
        install(site, name, code)
    schema = plugged.introspect(plugged.ingest("data.jsonl", "\n".join(map(json.dumps, ROWS))))
    assert schema.hypotheses[0].mapper == "tickets 1.2"
    assert len(schema.mapper_problems) == len(BROKEN) - 1
    for name in BROKEN.keys() - {"none"}:
        assert any(f"'{name} 1.2'" in problem for problem in schema.mapper_problems), name
    assert "out of order" in " ".join(schema.mapper_problems)
    assert [hypothesis.confidence for hypothesis in schema.hypotheses if hypothesis.mapper == "none 1.2"] == [0.0]
    (finding,) = [one for one in plugged.findings if one.check == "working_mappers"]
    assert finding.level == "warn"


def test_one_that_is_gone_or_of_another_version_cannot_commit(plugged: Workbench, site: Path) -> None:
    install(site, "tickets", GOOD, value="Tickets")
    schema = plugged.introspect(plugged.ingest("data.jsonl", "\n".join(map(json.dumps, ROWS))))
    preview = plugged.dry_run(schema)
    (site / "brewslm_mapper_tickets-1.2.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: brewslm_mapper_tickets\nVersion: 1.3\n", encoding="utf-8"
    )
    with pytest.raises(
        MapperError, match=r"'tickets 1\.2' is not installed here \(there are: tickets 1\.3\)"
    ) as caught:
        plugged.commit(preview)
    assert caught.value.code == Reason.MAPPING_PLUGIN


class Sleeper:
    """Waits until the test lets it go."""

    shape = "qa"

    def __init__(self) -> None:
        self.go = threading.Event()

    def propose(self, records: Any) -> float:
        self.go.wait(60)
        return 1.0

    def convert(self, record: Any) -> Any:
        self.go.wait(60)
        return record


def test_one_that_hangs_is_left_behind() -> None:
    from brewslm.core.ports.mappers import InstalledMapper

    sleeper = Sleeper()
    rows = [SourceRow(0, 1, 0, {"a": 1}, '{"a":1}')]

    class Installed:
        def installed(self) -> Any:
            return (InstalledMapper("sleeper 1", sleeper),), ()  # type: ignore[arg-type]  # its shape is a plain text

        def find(self, name: str) -> Any:
            return sleeper

    try:
        found, problems = judge_plugins(rows, Installed(), seconds=0.05)
        assert found == []
        assert "did not answer within" in problems[0]
        with pytest.raises(MapperError, match="took more than 0 s for 1 rows from row 0 on"):
            list(made_rows(rows, sleeper, "sleeper 1", seconds=0.05))  # type: ignore[arg-type]  # as above
    finally:
        sleeper.go.set()


def test_a_plugin_gets_copies() -> None:
    class Vandal:
        shape = "qa"

        def propose(self, records: Any) -> float:
            records[0]["list"].append(2)
            return 0.5

        def convert(self, record: Any) -> Any:
            record["list"].clear()
            return record

    row = SourceRow(0, 1, 0, {"list": [1]}, '{"list":[1]}')
    assert sureness([row.record or {}], Vandal(), "vandal 1") == 0.5  # type: ignore[arg-type]  # as above
    list(made_rows([row], Vandal(), "vandal 1"))  # type: ignore[arg-type]  # as above
    assert row.record == {"list": [1]}
