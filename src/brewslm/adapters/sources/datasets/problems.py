"""What the hub's client raises, as one clear line."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from brewslm.adapters.sources.datasets.reference import Reference
from brewslm.adapters.sources.refusals import unreachable
from brewslm.core.errors import BrewError, DiskFullError

LOGIN = "hf auth login"


@contextmanager
def told(reference: Reference) -> Iterator[None]:
    """Turn the client's errors into ours.

    Raises:
        SourceError: the data set cannot be had.
        DiskFullError: there was no space for it.
    """
    try:
        yield
    except OSError as error:  # what the client raises is of this kind
        raise _of_client(error, reference) or _of_system(error, reference) from error
    except ValueError as error:
        known = _of_client(error, reference)
        if known is None:
            raise
        raise known from error
    except Exception as error:
        from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]  # of the client that the hub uses

        if not isinstance(error, HTTPError):
            raise
        name, why = repr(reference.repository), _words_of(error)
        message = f"The hub cannot be reached for the data set {name}: {why}. Check the network."
        raise unreachable(message) from error


def _of_client(error: Exception, reference: Reference) -> BrewError | None:
    """What the client's own errors mean; the narrower ones stand first."""
    from huggingface_hub import errors as of

    name = repr(reference.repository)
    meanings: tuple[tuple[type[Exception], str], ...] = (
        (
            of.GatedRepoError,
            f"The data set {name} is gated: accept its terms on its page of the hub, and run `{LOGIN}`.",
        ),
        (of.DisabledRepoError, f"The hub has disabled the data set {name}. Choose another one."),
        (of.RevisionNotFoundError, f"The data set {name} has no revision {reference.revision!r}. Check its spelling."),
        (
            of.RepositoryNotFoundError,
            f"There is no data set {name} on the hub, or it is private. Check its name, or run `{LOGIN}`.",
        ),
        (of.HFValidationError, f"{name} is no name of a data set. Write hf:OWNER/NAME."),
        (
            of.LocalEntryNotFoundError,
            f"The hub cannot be reached for the data set {name}: {_words_of(error)}. Check the network.",
        ),
        (of.EntryNotFoundError, f"A file of the data set {name} is not there any more. Try again."),
    )
    for kind, message in meanings:
        if isinstance(error, kind):
            return unreachable(message)
    return _answered(name, error.response.status_code) if isinstance(error, of.HfHubHTTPError) else None


def _of_system(error: OSError, reference: Reference) -> BrewError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFullError(f"No space for the data set {reference.repository!r}. Free space, then try again.")
    return unreachable(f"The data set {reference.repository!r} could not be fetched: {_words_of(error)}. Try again.")


def _words_of(error: Exception) -> str:
    """The first sentence of what a library says."""
    words = " ".join(str(error.__cause__ or error).split()).split(". ")[0]
    return words[:200].rstrip(".") or type(error).__name__


def _answered(name: str, status: int) -> BrewError:
    if status == 401:
        return unreachable(f"The hub wants a login for the data set {name}: run `{LOGIN}`.")
    if status == 403:
        return unreachable(f"Your login may not read the data set {name}. Ask its owner, or choose another one.")
    if status == 429:
        return unreachable(f"The hub is asked too often ({status}) for the data set {name}. Wait some minutes.")
    return unreachable(f"The hub answers {status} for the data set {name}. Try again later.")
