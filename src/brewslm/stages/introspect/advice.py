"""A reading that a language model proposed: it competes under the same rule, and is marked."""

from collections.abc import Sequence

from brewslm.core.artifacts.schema import ColumnProfile
from brewslm.core.errors import AdvisorError
from brewslm.core.mapping.convert import COLUMN_ROLES, REQUIRED_ROLES
from brewslm.core.mapping.outcome import SourceRow
from brewslm.core.ports.advisor import Advisor
from brewslm.stages.introspect.view import Candidate

EVIDENCE = 0.9
"""What advice counts, before the rows are tried: as much as a name that is near the word for a role."""


def advised(advisor: Advisor, profiles: Sequence[ColumnProfile], rows: Sequence[SourceRow]) -> Candidate:
    """Ask, and make a candidate of the answer.

    Raises:
        AdvisorError: nobody answered, or the answer names columns that are not there or lacks one that is needed.
    """
    records = [row.record for row in rows if row.record is not None]
    advice = advisor.propose(profiles, records)
    named = {role: column for role in COLUMN_ROLES if (column := getattr(advice.columns, role)) is not None}
    known = {profile.name for profile in profiles}
    unknown = [column for column in named.values() if column not in known and column.split(".")[0] not in known]
    is_whole = any(all(role in named for role in roles) for roles in REQUIRED_ROLES[advice.shape])
    if unknown or not is_whole:
        what = f"there is no column {unknown[0]!r}" if unknown else f"it lacks a column that {advice.shape} needs"
        message = f"The advice of {advice.adviser!r} cannot be followed: {what}. Choose the reading with `--as SHAPE`."
        raise AdvisorError(message)
    told = ", ".join(f"{column!r} as {role}" for role, column in named.items())
    return Candidate(
        shape=advice.shape,
        columns=advice.columns,
        evidence=EVIDENCE,
        notes=(f"advised by {advice.adviser!r}: {told}",),
    )
