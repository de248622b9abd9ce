"""What is secret of a job's locator: hidden before the job is written down, forgotten when the job has ended."""

from typing import Any

from brewslm.core.job import JobStatus
from brewslm.core.ports.secrets import LocatorSecrets, secret_id_of
from brewslm.services.ports import Ports

_FIELD = "locator"
_OPEN_JOBS = 1_000_000
"""More than can be waiting."""


def without_secrets(payload: dict[str, Any], secrets: LocatorSecrets) -> dict[str, Any]:
    """The payload as it may be written down."""
    locator = payload.get(_FIELD)
    return {**payload, _FIELD: secrets.hide(locator)} if isinstance(locator, str) else payload


def forget_ended(ports: Ports) -> None:
    """Remove the secrets that no waiting or running job needs."""
    if not ports.secrets.kept():
        return
    with ports.storage.write() as transaction:  # nobody hides one at the same time
        waiting = transaction.jobs.list(statuses=[JobStatus.QUEUED, JobStatus.RUNNING], limit=_OPEN_JOBS)
        needed = {secret_id_of(job.payload.get(_FIELD)) for job in waiting}
        for secret_id in ports.secrets.kept() - needed:
            ports.secrets.forget(secret_id)
