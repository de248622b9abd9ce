"""What `--help` offers is what core knows."""

from typing import get_args

import pytest

from brewslm.cli import choices
from brewslm.core.artifacts.base import ArtifactKind
from brewslm.core.artifacts.cleaning import PiiRule
from brewslm.core.artifacts.golden import GoldenPurpose
from brewslm.core.artifacts.manifest import LeakCheck, LeakPolicy, SplitName, Truncation
from brewslm.core.artifacts.optimization import DeviceName
from brewslm.core.artifacts.snapshot import EncodingName, SourceFormat
from brewslm.core.curves.drawing import ThemeName
from brewslm.core.data.example import Shape
from brewslm.core.engines.names import EngineName
from brewslm.core.events.reasons import EventStage, Severity
from brewslm.core.job import FlowName, JobStatus, StepName
from brewslm.core.outcome.approval import GateMode
from brewslm.core.ports.reading.views import JobOrder
from brewslm.core.project import Template
from brewslm.core.recipe.recipe import Recipe
from brewslm.core.stage_name import StageName
from brewslm.services.audit.exporting import EventFormat
from brewslm.stages.preflight.contract import PreflightInputs, Profile


@pytest.mark.parametrize(
    ("offered", "known"),
    [
        (choices.Template, get_args(Template)),
        (choices.Shape, get_args(Shape)),
        (choices.EventFormat, get_args(EventFormat)),
        (choices.EventStage, get_args(EventStage)),
        (choices.Severity, get_args(Severity)),
        (choices.JobOrder, get_args(JobOrder)),
        (choices.JobKind, (*get_args(StageName), *get_args(FlowName), *get_args(StepName))),
        (choices.EngineName, get_args(EngineName)),
        (choices.SourceFormat, get_args(SourceFormat)),
        (choices.Encoding, get_args(EncodingName)),
        (choices.Profile, get_args(Profile)),
        (choices.Mode, get_args(Recipe.model_fields["mode"].annotation)),
        (choices.Task, get_args(PreflightInputs.model_fields["task"].annotation)),
        (choices.Device, get_args(DeviceName)),
        (choices.Truncation, get_args(Truncation)),
        (choices.LeakPolicy, get_args(LeakPolicy)),
        (choices.LeakCheck, get_args(LeakCheck)),
        (choices.SplitName, get_args(SplitName)),
        (choices.GoldenPurpose, get_args(GoldenPurpose)),
        (choices.PiiPolicy, get_args(PiiRule.model_fields["policy"].annotation)),
        (choices.Status, tuple(JobStatus)),
        (choices.Stage, get_args(StageName)),
        (choices.GateMode, get_args(GateMode)),
        (choices.Theme, get_args(ThemeName)),
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
