"""Examples of every kind, plain or not, lie in the table in the order in which they were accepted."""

from pathlib import Path

from brewslm.adapters.files.tables import ParquetTables
from brewslm.core.artifacts.dataset import Repair, RepairRule
from brewslm.core.data.example import Example, Message, ToolCall
from brewslm.core.mapping.outcome import Converted
from brewslm.core.mapping.plain import Plain
from brewslm.stages.mapping.files import BATCH_CHARACTERS, DatasetFiles

PLAIN = [
    Plain("qa", (("user", "q"), ("assistant", "a")), None, None, None, 0),
    Plain("classification", (("user", "q"), ("assistant", "l")), None, "l", '{"n":1}', 1),
    Plain("documents", (), "text", None, None, 2),
]
OTHERS = [
    Example("1", "qa", (Message("user", "q"), Message("assistant", "a")), source_row=3),
    Example(
        "2",
        "chat",
        (Message("assistant", "", (ToolCall("f", "{}"),)), Message("tool", "3", tool_call_id="", name="f")),
        tools="[]",
        source_row=4,
    ),
    Example("3", "preference", (), chosen=(Message("assistant", "a"),), rejected=(Message("assistant", "b"),)),
    Example("4", "extraction", (Message("assistant", "{}"),), target_json="{}", source_row=6),
]


def test_plain_and_other_examples_come_back_in_order(tmp_path: Path) -> None:
    expected: list[Example] = []
    with DatasetFiles(tmp_path, ParquetTables()) as files:
        for plain, other in zip([*PLAIN, PLAIN[0]], OTHERS, strict=True):
            files.accept(plain)
            files.accept(Converted(other, (RepairRule.WHITESPACE_TRIMMED,)))
            expected += [plain.example, other]
    tables = ParquetTables()
    assert list(tables.each(tmp_path / "examples.parquet", Example)) == expected
    assert files.num_examples == len(expected)
    assert [one.id for one in tables.each(tmp_path / "repairs.parquet", Repair)] == [one.id for one in OTHERS]


def test_long_examples_do_not_wait_for_many_others(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    text = "x" * (BATCH_CHARACTERS // 2)
    with DatasetFiles(tmp_path, ParquetTables()) as files:
        for number in range(6):
            files.accept(Plain("documents", (), text, None, None, number, len(text)))
    assert pq.ParquetFile(tmp_path / "examples.parquet").num_row_groups == 3
