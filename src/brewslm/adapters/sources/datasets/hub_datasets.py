"""`hf:` sources: data sets of the hub, by its own client, pinned to a commit. No code of a repository is ever run."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from brewslm.adapters.sources.datasets import layout
from brewslm.adapters.sources.datasets.layout import DataFile
from brewslm.adapters.sources.datasets.problems import told
from brewslm.adapters.sources.datasets.reference import CONVERTED, Reference, parse_reference
from brewslm.adapters.sources.refusals import cancelled, refused, unreachable
from brewslm.core.errors import DiskFullError
from brewslm.core.ports.source import Fetch, OpenedSource, SourceFile

if TYPE_CHECKING:
    from huggingface_hub import DatasetInfo, HfApi

ASK_SECONDS = 15.0
MAX_FILES = 10_000


class HubDatasets:
    """Opens data sets of the hub by downloading their data files."""

    def __init__(self, *, max_bytes: int = 50 << 30, is_offline: bool = False, endpoint: str | None = None) -> None:
        """Bind the settings.

        Args:
            max_bytes: all files together may be so large.
            is_offline: whether the network is not to be used.
            endpoint: the hub; None means what the client takes, huggingface.co or HF_ENDPOINT.
        """
        self._max_bytes = max_bytes
        self._is_offline = is_offline
        self._endpoint = endpoint

    def open(self, locator: str, fetch: Fetch) -> OpenedSource:
        """Find the data set, pin its revision, and download the files of the split, or of all splits.

        Raises:
            SourceError: it does not exist, may not be had, has no data files, or the hub cannot be reached.
            DiskFullError: there is no space for it.
            CancelledError: `fetch.is_cancelled` said so.
        """
        reference = parse_reference(locator)
        if self._is_offline:
            why = "BREWSLM_OFFLINE or HF_HUB_OFFLINE is set"
            raise unreachable(f"{reference.shown!r} is not fetched: {why}. Unset it, or give a path.")
        from huggingface_hub import HfApi

        api = HfApi(endpoint=self._endpoint)
        with told(reference):
            info = api.dataset_info(
                reference.repository, revision=reference.revision, files_metadata=True, timeout=ASK_SECONDS
            )
        files = _chosen(reference, info)
        paths = self._download(api, reference, info, files, fetch)
        card = _card_of(info)
        licence = card.get("license")
        return OpenedSource(
            files=tuple(
                SourceFile(path=path, name=file.path, split=file.split) for file, path in zip(files, paths, strict=True)
            ),
            name=reference.shown,
            revision=info.sha,
            licence=licence if isinstance(licence, str) else None,
        )

    def _download(
        self, api: "HfApi", reference: Reference, info: "DatasetInfo", files: list[DataFile], fetch: Fetch
    ) -> list[Path]:
        sizes = {one.rfilename: one.size or 0 for one in info.siblings or ()}
        total = sum(sizes[file.path] for file in files)
        self._refuse_too_large(reference, total, shutil.disk_usage(fetch.folder).free)
        folder = fetch.folder / "hub"
        bar = _bar_for(reference, fetch, total)
        paths = []
        for file in files:
            if fetch.is_cancelled():
                raise cancelled(reference.shown)
            with told(reference):
                path = api.hf_hub_download(
                    reference.repository,
                    file.path,
                    repo_type="dataset",
                    revision=info.sha,
                    local_dir=folder,
                    tqdm_class=bar,
                )
            paths.append(Path(path).absolute())
        return paths

    def _refuse_too_large(self, reference: Reference, total: int, free: int) -> None:
        if total > self._max_bytes:
            message = (
                f"The files of {reference.shown!r} have {total:,} bytes; {self._max_bytes:,} are allowed. "
                "Name one split, or raise BREWSLM_MAX_SOURCE_BYTES."
            )
            raise refused(message)
        if total > free:
            message = (
                f"No space for {reference.shown!r}: it needs {total:,} bytes, {free:,} are free. Free space first."
            )
            raise DiskFullError(message)


def _chosen(reference: Reference, info: "DatasetInfo") -> list[DataFile]:
    """The files that the locator means.

    Raises:
        SourceError: there are none, or it is not certain which.
    """
    paths = [one.rfilename for one in info.siblings or () if _is_plain(one.rfilename)]
    found, split = _of_configuration(reference, paths, _card_of(info))
    if not found:
        raise _without_data(reference, paths)
    chosen = [file for file in found if split is None or file.split == split]
    if not chosen:
        known = ", ".join(sorted({file.split for file in found}))
        raise unreachable(f"{reference.shown!r} has no split {split!r}. Its splits are: {known}.")
    if len(chosen) > MAX_FILES:
        raise refused(f"{reference.shown!r} has {len(chosen):,} files; {MAX_FILES:,} are allowed. Name one split.")
    return chosen


def _of_configuration(
    reference: Reference, paths: list[str], card: dict[str, Any]
) -> tuple[list[DataFile], str | None]:
    """The files of the configuration that is meant, and the split that is asked for."""
    files_of: dict[str, Callable[[], list[DataFile]]]
    if reference.revision == CONVERTED:
        converted = layout.converted_files(paths)
        files_of = {name: (lambda files=files: files) for name, files in converted.items()}  # type: ignore[misc]
        default = layout.default_configuration({name: {} for name in converted})
    else:
        configs = layout.configurations(card)
        files_of = {
            name: (lambda entry=entry: layout.configured_files(paths, entry))  # type: ignore[misc]
            for name, entry in configs.items()
        }
        default = layout.default_configuration(configs)
    if not files_of:
        return layout.named_files(paths), reference.split or reference.first
    if reference.first in files_of:
        return files_of[reference.first](), reference.split
    if reference.first is not None and reference.split is not None:
        raise _which_configuration(reference, files_of, f"has no configuration {reference.first!r}")
    if default is None:
        raise _which_configuration(reference, files_of, "has several configurations")
    found = files_of[default]()
    if reference.first is not None and reference.first not in {file.split for file in found}:
        raise _which_configuration(reference, files_of, f"has neither configuration nor split {reference.first!r}")
    return found, reference.split or reference.first


def _which_configuration(reference: Reference, known: dict[str, Any], what: str) -> Exception:
    names = ", ".join(sorted(known)[:20]) + (" and more" if len(known) > 20 else "")
    named = f"hf:{reference.repository}:CONFIG"
    return unreachable(f"The data set {reference.repository!r} {what}: name one as {named}. There are: {names}.")


def _without_data(reference: Reference, paths: list[str]) -> Exception:
    if programs := layout.scripts(paths):
        message = (
            f"The data set {reference.repository!r} is made by the program {programs[0]!r}, and code of others "
            f"is not run. Try its converted form: hf:{reference.repository}@{CONVERTED}."
        )
        return refused(message)
    return unreachable(
        f"The data set {reference.repository!r} holds no file in a format that is read. Check its pages."
    )


def _is_plain(path: str) -> bool:
    """Whether a path stays below the folder that it is written to, whatever a hub says."""
    parts = path.split("/")
    return not any(part in {"", ".", ".."} or "\\" in part or "\0" in part for part in parts)


def _card_of(info: "DatasetInfo") -> dict[str, Any]:
    return dict(vars(info.card_data)) if info.card_data is not None else {}


def _bar_for(reference: Reference, fetch: Fetch, total: int) -> Any:  # noqa: ANN401 - a class that is made here
    """What the client takes for its progress bar: it counts for us, and stops the download where the user said so."""
    done = 0

    class Bar:
        def __init__(self, *_: Any, **__: Any) -> None:  # noqa: ANN401 - the interface of tqdm
            """Draw nothing."""

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            self.close()

        def update(self, n: float | None = 1) -> None:
            nonlocal done
            if fetch.is_cancelled():
                raise cancelled(reference.shown)
            done += int(n or 0)
            fetch.progress(done, max(total, done))

        def close(self) -> None:
            """Nothing was drawn."""

    return Bar
