"""Names of downloads: shown, never a path."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brewslm.adapters.sources.web.file_name import MAX_BYTES, name_of, plain_name


@pytest.mark.parametrize(
    ("disposition", "target", "name"),
    [
        (None, "/a/b/rows.jsonl?x=1", "rows.jsonl"),
        (None, "/a/b/", "b"),
        (None, "/", "download"),
        (None, "/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "passwd"),
        (None, "/a%00b.csv", "ab.csv"),
        ('attachment; filename="rows.csv"', "/x", "rows.csv"),
        ("attachment; filename=rows.csv", "/x", "rows.csv"),
        ("attachment; filename=\"x.csv\"; filename*=UTF-8''z%C3%A4hler.csv", "/x", "zähler.csv"),
        ('attachment; filename="../../etc/passwd"', "/x", "passwd"),
        ('attachment; filename="C:\\\\temp\\\\rows.csv"', "/x", "rows.csv"),
        ('attachment; filename=".."', "/x.csv", "x.csv"),
        ('attachment; filename=".bashrc"', "/x.csv", "bashrc"),
        ("attachment; filename*=nonsense''a%FF.csv", "/x.csv", "x.csv"),
        ("attachment", "/x.csv", "x.csv"),
        ("inline; filename", "/x.csv", "x.csv"),
        (None, "/" + "ü" * 400 + ".parquet", "ü" * 71 + ".parquet"),
    ],
)
def test_a_name_is_chosen(disposition: str | None, target: str, name: str) -> None:
    assert name_of(disposition, target) == name


@given(st.text(max_size=400))
def test_no_text_becomes_a_path(text: str) -> None:
    name = plain_name(text)
    assert len(name.encode()) <= MAX_BYTES
    assert not name.startswith(".")
    assert not set(name) & set('/\\\0\n:<>"|?*')
