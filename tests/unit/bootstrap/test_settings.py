"""What the environment says about sources and uploads."""

import pytest

from brewslm.bootstrap.settings import read_settings
from brewslm.core.errors import InvalidRequestError


def test_private_addresses_are_off_unless_somebody_turns_them_on() -> None:
    assert read_settings({}).is_private_allowed is False
    assert read_settings({"BREWSLM_ALLOW_PRIVATE_SOURCES": "0"}).is_private_allowed is False
    assert read_settings({"BREWSLM_ALLOW_PRIVATE_SOURCES": "1"}).is_private_allowed is True


def test_the_hub_may_be_off_alone() -> None:
    found = read_settings({"HF_HUB_OFFLINE": "1"})
    assert (found.is_offline, found.is_cut_off) == (True, False)
    found = read_settings({"BREWSLM_OFFLINE": "yes"})
    assert (found.is_offline, found.is_cut_off) == (True, True)


def test_limits_are_numbers_of_bytes() -> None:
    found = read_settings({"BREWSLM_MAX_SOURCE_BYTES": "1_000_000", "BREWSLM_MAX_UPLOAD_BYTES": "7"})
    assert (found.max_source_bytes, found.max_upload_bytes) == (1_000_000, 7)
    assert read_settings({}).max_source_bytes == 50 << 30


@pytest.mark.parametrize("name", ["BREWSLM_MAX_SOURCE_BYTES", "BREWSLM_MAX_UPLOAD_BYTES"])
@pytest.mark.parametrize("value", ["0", "-1", "5GB", "1e9", "1.5", "9" * 30, "²"])
def test_a_limit_that_is_no_number_is_refused(name: str, value: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"{name}=.* is no number of bytes"):
        read_settings({name: value})


def test_proxies_are_read_in_both_spellings() -> None:
    found = read_settings({"HTTPS_PROXY": "http://a", "https_proxy": "http://b", "NO_PROXY": "x", "http_proxy": ""})
    assert found.proxies == {"https": "http://b", "no": "x"}


def test_the_database_is_sqlite_unless_one_is_named_and_its_password_is_not_shown() -> None:
    assert read_settings({"BREWSLM_DATABASE_URL": ""}).database_url is None
    found = read_settings({"BREWSLM_DATABASE_URL": "postgresql://me:canary@h/n"})
    assert found.database_url == "postgresql://me:canary@h/n"
    assert "canary" not in repr(found)


def test_secrets_are_not_shown() -> None:
    found = read_settings({"KAGGLE_USERNAME": "me", "KAGGLE_KEY": "geheim", "HTTPS_PROXY": "http://me:geheim@proxy"})
    assert found.kaggle_login == ("me", "geheim")
    assert "geheim" not in repr(found)
