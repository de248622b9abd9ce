"""Models of the Hugging Face hub: weights in safetensors, configuration and tokenizer; never code or pickles."""

import errno
from pathlib import Path

from brewslm.core.errors import BaseModelError, DiskFullError

PATTERNS = ("*.safetensors", "*.json", "*.jinja", "tokenizer.model", "merges.txt", "vocab.txt", "README.md", "LICENSE*")
IGNORED = ("*/*",)
"""Nothing in sub-folders: they hold the same model for other programs."""


def download_model(name: str, *, is_offline: bool = False, cache: Path | None = None) -> Path:
    """Get the model `owner/name[@revision]`, or take it from the cache, which is asked where there is no network.

    Raises:
        BaseModelError: there is no such model, it may not be had, or there is no network and it is not in the cache.
        DiskFullError: there was no space for it.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (  # type: ignore[attr-defined]  # HTTPError: of the client that the hub uses
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        HTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    repository, _, revision = name.partition("@")
    try:
        folder = snapshot_download(
            repository,
            revision=revision or None,
            cache_dir=cache,
            local_files_only=is_offline,
            allow_patterns=list(PATTERNS),
            ignore_patterns=list(IGNORED),
        )
    except GatedRepoError as error:
        message = f"The base model {name!r} is gated: accept its terms on huggingface.co and run `hf auth login`."
        raise BaseModelError(message) from error
    except RevisionNotFoundError as error:
        raise BaseModelError(f"The base model {repository!r} has no revision {revision!r}.") from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        message = f"There is no base model {name!r}, neither here nor on huggingface.co. Check the name."
        raise BaseModelError(message) from error
    except LocalEntryNotFoundError as error:
        message = f"The base model {name!r} is not on this machine, and huggingface.co cannot be reached."
        raise BaseModelError(f"{message} Check the network, or use brewslm-tiny-v1 or a local folder.") from error
    except HfHubHTTPError as error:
        raise BaseModelError(f"huggingface.co did not give the base model {name!r}: {error}. Try again.") from error
    except HTTPError as error:
        raise BaseModelError(f"The connection to huggingface.co broke over {name!r}: {error}. Try again.") from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFullError(f"No space for the base model {name!r}. Free space, then try again.") from error
        raise BaseModelError(f"The base model {name!r} could not be got: {error}. Try again.") from error
    return Path(folder)
