"""What `--help` offers is what core knows."""

from typing import get_args

import pytest

from brewslm.cli import choices
from brewslm.core.artifacts.base import ArtifactKind
from brewslm.core.artifacts.optimization import DeviceName
from brewslm.core.artifacts.snapshot import EncodingName, SourceFormat
from brewslm.core.data.example import Shape
from brewslm.core.job import JobStatus
from brewslm.core.project import Template
from brewslm.stages.preflight.contract import PreflightInputs, Profile


@pytest.mark.parametrize(
    ("offered", "known"),
    [
        (choices.Template, get_args(Template)),
        (choices.Shape, get_args(Shape)),
        (choices.SourceFormat, get_args(SourceFormat)),
        (choices.Encoding, get_args(EncodingName)),
        (choices.Profile, get_args(Profile)),
        (choices.Task, get_args(PreflightInputs.model_fields["task"].annotation)),
        (choices.Device, get_args(DeviceName)),
        (choices.Status, tuple(JobStatus)),
        (choices.Kind, get_args(ArtifactKind)),
    ],
)
def test_options_offer_what_core_knows(offered: object, known: tuple[str, ...]) -> None:
    assert set(get_args(offered)) == {str(one) for one in known}


def test_every_command_is_in_a_section_of_the_menu() -> None:
    import typer.main

    from brewslm.cli.main import app
    from brewslm.cli.menu import SECTIONS

    listed = [name for names in SECTIONS.values() for name in names]
    assert sorted(listed) == sorted(typer.main.get_command(app).commands)
