"""What a serving process is told, from the release that it serves."""

from pathlib import Path

from brewslm.core.artifacts.bundle import Bundle
from brewslm.core.errors import InvalidRequestError
from brewslm.core.project import Project
from brewslm.core.release import ReleaseRow
from brewslm.core.serving.host import EndpointSettings
from brewslm.core.serving.order import EngineName, ServedFile, ServeOrder
from brewslm.services.endpoint.unit import BASE_VERSION, model_name

GGUF = ".gguf"


def order_of(
    project: Project, row: ReleaseRow, bundle: Bundle, project_folder: Path, settings: EndpointSettings
) -> ServeOrder:
    """Tell which model is loaded, with what, and what its files must hold.

    Raises:
        InvalidRequestError: the bundle holds no model that can be served here.
    """
    engine, model = _model(bundle, project_folder)
    return ServeOrder(
        engine=engine,
        model=str(model),
        name=model_name(project.name, row.version),
        files=tuple(
            ServedFile(path=str(project_folder / file.path), sha256=file.sha256)
            for file in bundle.files
            if Path(file.path).is_relative_to(f"{bundle.folder}/model") or file.path.endswith(GGUF)
        ),
        max_streams=settings.max_streams,
        max_context_tokens=settings.max_context_tokens,
    )


def base_order(project: Project, folder: Path, settings: EndpointSettings) -> ServeOrder:
    """Tell how the base model of a project is loaded."""
    return ServeOrder(
        engine="transformers",
        model=str(folder),
        name=model_name(project.name, BASE_VERSION),
        max_streams=settings.max_streams,
        max_context_tokens=settings.max_context_tokens,
    )


def _model(bundle: Bundle, folder: Path) -> tuple[EngineName, Path]:
    names = [file.path for file in bundle.files]
    for name in names:
        if name.endswith(GGUF):
            return "llama_cpp", folder / name
    if any(name.startswith(f"{bundle.folder}/model/") and name.endswith(".safetensors") for name in names):
        return "transformers", folder / bundle.folder / "model"
    message = f"the bundle {bundle.id!r} of format {bundle.format!r} holds no model that is served here"
    raise InvalidRequestError(f"{message}; export it as huggingface or gguf")
