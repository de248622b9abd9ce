"""What every keeper of secret locators promises; run on the fake and on the one with files."""

from pathlib import Path

import pytest

from brewslm.adapters.files.locator_secrets import FileLocatorSecrets
from brewslm.core.errors import SourceError
from brewslm.core.ports.secrets import LocatorSecrets, secret_id_of
from tests.fakes.secrets import FakeLocatorSecrets

ADDRESS = "https://me:geheim@data.example:8443/a/rows.csv?token=geheim#geheim"


@pytest.fixture(params=["fake", "files"])
def secrets(request: pytest.FixtureRequest, tmp_path: Path) -> LocatorSecrets:
    return FakeLocatorSecrets() if request.param == "fake" else FileLocatorSecrets(tmp_path)


@pytest.mark.parametrize(
    ("locator", "shown"),
    [
        (ADDRESS, "https://data.example:8443/a/rows.csv"),
        ("HTTP://geheim@data.example", "HTTP://data.example"),
        ("http:/me:geheim@data.example/a?geheim", "http:/data.example/a"),
        ("https://data.example/a?X-Amz-Signature=geheim", "https://data.example/a"),
        ("https://data.example/a#geheim", "https://data.example/a"),
        ("https://me:ge@heim@data.example/a", "https://data.example/a"),
        ("s3://KEY:geheim@bucket/a/*.csv", "s3://bucket/a/*.csv"),
        ("https:me:geheim@data.example/a", "https:data.example/a"),
        ("ftp://me:geheim@data.example/a", "ftp://data.example/a"),
        ("abfss://me:geheim@account/a.csv", "abfss://account/a.csv"),
    ],
)
def test_what_is_secret_is_hidden_and_comes_back(secrets: LocatorSecrets, locator: str, shown: str) -> None:
    hidden = secrets.hide(f" {locator} ")
    assert hidden == f"secret:{secret_id_of(hidden)}:{shown}"
    assert "geheim" not in hidden
    assert secrets.reveal(hidden) == locator
    assert secrets.hide(locator) == hidden, "so that the same request stays the same"
    assert secrets.kept() == {secret_id_of(hidden)}


@pytest.mark.parametrize(
    "locator",
    ["rows.csv", "/data/a@b?/rows.csv", "file:/data/rows?.csv", "https://data.example/a@b/rows.csv", "s3://bucket/r?.csv",
     "abfss://container@account/a.csv", "hf:OWNER/NAME@v1", "hf:NAME@v1",
     "file:/me@home/rows.csv", "sample:tiny", "upload:" + "0" * 32, "C:\\a@b", ""],
)  # fmt: skip
def test_what_holds_no_secret_stays_as_it_is(secrets: LocatorSecrets, locator: str) -> None:
    assert secrets.hide(locator) == locator
    assert secrets.kept() == frozenset()
    assert secret_id_of(locator) is None


def test_what_was_forgotten_is_told(secrets: LocatorSecrets) -> None:
    hidden, other = secrets.hide(ADDRESS), secrets.hide(f"{ADDRESS}2")
    secrets.forget(secret_id_of(hidden) or "")
    with pytest.raises(SourceError, match="again"):
        secrets.reveal(hidden)
    assert secrets.reveal(other) == f"{ADDRESS}2"
    assert secrets.hide(ADDRESS) == hidden, "the same request stays the same"


@pytest.mark.parametrize(
    "odd", ["secret:", "secret:x:https://a/", "secret:../../key:https://a/", "secret:key:", "rows.csv"]
)
def test_what_never_was_hidden_reveals_nothing(secrets: LocatorSecrets, odd: str) -> None:
    secrets.hide(ADDRESS)
    with pytest.raises(SourceError):
        secrets.reveal(odd)


def test_the_folder_is_for_the_users_eyes_only_and_its_names_tell_nothing(tmp_path: Path) -> None:
    first, second = FileLocatorSecrets(tmp_path / "a"), FileLocatorSecrets(tmp_path / "b")
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert first.hide(ADDRESS) != second.hide(ADDRESS), "a plain hash could be guessed at"
    assert (tmp_path / "a" / "secrets").stat().st_mode & 0o777 == 0o700
