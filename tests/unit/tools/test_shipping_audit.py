"""What the advisory services answer, and what they do not."""

import datetime as dt
import json

import pytest

from shipping.audit import ACCEPTED, Accepted, AuditError, judge, read_accepted, read_npm_audit, read_pip_audit, table

TODAY = dt.date(2026, 12, 1)
FOUND = {"name": "six", "version": "1.0", "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["1.1"]}]}
FINE = {"name": "idna", "version": "3.0", "vulns": []}
SKIPPED = {"name": "six", "skip_reason": "Dependency not found on PyPI and could not be audited: six (1.0)"}
NPM = {
    "auditReportVersion": 2,
    "vulnerabilities": {
        "lodash": {
            "via": [{"name": "lodash", "range": "<4.17", "url": "https://example.org/advisories/GHSA-1"}, "other"],
            "fixAvailable": {"name": "lodash", "version": "4.17.21"},
        }
    },
}


def audit_of(*packages: object) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_a_package_that_was_skipped_is_no_success() -> None:
    with pytest.raises(AuditError, match=r"1 of 2 Python packages were not audited.*Nothing is known to be safe"):
        read_pip_audit(audit_of(FINE, SKIPPED))


@pytest.mark.parametrize("text", ["", "no json", '{"message": "405 Method Not Allowed", "statusCode": 405}'])
def test_npm_without_a_report_is_no_success(text: str) -> None:
    with pytest.raises(AuditError, match="npm audit gave no answer"):
        read_npm_audit(text)


def test_an_advisory_is_open_until_it_is_accepted_and_again_when_that_has_expired() -> None:
    found = [*read_pip_audit(audit_of(FINE, FOUND)), *read_npm_audit(json.dumps(NPM))]
    borne = [Accepted("CVE-1", "six", "not called", TODAY), Accepted("GHSA-1", "lodash", "only tests", TODAY)]

    rows, num_wrong = judge(found, [], TODAY)
    assert ([row[-1] for row in rows], num_wrong) == (["OPEN", "OPEN"], 2)
    assert rows[0] == ["PyPI", "six", "1.0", "PYSEC-1", "1.1", "OPEN"]
    assert rows[1] == ["npm", "lodash", "<4.17", "GHSA-1", "lodash 4.17.21", "OPEN"]
    assert judge(found, borne, TODAY)[1] == 0
    rows, num_wrong = judge(found, borne, TODAY + dt.timedelta(days=1))
    assert num_wrong == 2
    assert "EXPIRED 2026-12-01" in table(rows)


def test_an_entry_without_an_advisory_is_to_be_taken_out_where_all_was_answered() -> None:
    borne = [Accepted("CVE-9", "gone", "was", TODAY)]
    assert judge([], borne, TODAY)[1] == 1
    assert judge([], borne, TODAY, is_whole=False) == ([], 0)


@pytest.mark.parametrize(
    "entry",
    ['id = "A"', 'id="A"\npackage="b"\nreason=" "\nuntil=2027-01-01', 'id="A"\npackage="b"\nreason="c"\nuntil="x"'],
)
def test_an_entry_needs_a_reason_and_a_date(entry: str) -> None:
    with pytest.raises(AuditError, match=r"audit\.toml"):
        read_accepted(f"[[accepted]]\n{entry}\n")


def test_the_file_of_accepted_advisories_can_be_read() -> None:
    read_accepted(ACCEPTED.read_text())
