"""The entry point: which commands there are, and how every mistake becomes one clear line."""

import sys
from collections.abc import Sequence

import typer

from brewslm.cli import background
from brewslm.cli.commands import (
    about,
    alerts,
    artifacts,
    audit,
    backlog,
    benchmark,
    brew,
    bundle,
    clean,
    data_stages,
    dataset,
    db,
    deploy,
    doctor,
    drift,
    endpoint,
    engines,
    evaluate,
    evaluations,
    events,
    export,
    forecast,
    gates,
    golden,
    health,
    jobs,
    keys,
    manifest,
    manifests,
    mappings,
    notifications,
    optimize,
    patrol,
    preflight,
    prepare,
    project,
    quickstart,
    records,
    releases,
    results,
    run_health,
    serve,
    sweep,
    train,
    xray,
)
from brewslm.cli.menu import Menu

DEBUG_OPTION = "--debug"

app = typer.Typer(
    name="brewslm",
    cls=Menu,
    help="From your data to a fine-tuned, evaluated, exported small language model, on your own machine.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _tell_version(is_asked: bool) -> None:
    if is_asked:
        about.version()
        raise typer.Exit


@app.callback(epilog="Begin with `brewslm quickstart`. Every command has its own --help.")
def _root(
    *,
    debug: bool = typer.Option(False, DEBUG_OPTION, help="Show tracebacks and the log; works after a command, too."),
    background: bool = typer.Option(
        False, background.OPTION, help="Do the work in a process of its own; works after a command, too."
    ),
    version: bool = typer.Option(False, "--version", callback=_tell_version, is_eager=True, help="Print the version."),
) -> None:
    """From your data to a fine-tuned, evaluated, exported small language model, on your own machine."""


app.command("quickstart", short_help="Run all eleven stages on a bundled sample.")(quickstart.quickstart)
app.command("doctor", short_help="Check that everything a run needs is here.")(doctor.doctor)
app.command("serve", short_help="Serve the HTTP API, and do queued jobs.")(serve.serve)
app.command("open", short_help="Let a browser into the running server.")(serve.open_)
app.command("build", short_help="Check a brew.py, and write its manifest.")(brew.build)
app.command("start", short_help="Run a brew.py here, with its callbacks.")(brew.start)
app.command("dev", short_help="Serve the Studio on a brew.py, and open it.")(serve.dev)
app.add_typer(project.app, name="project", short_help="Create, list and show projects.")
app.add_typer(dataset.app, name="dataset", short_help="Import data, and read what was rejected.")
dataset.app.command("health", short_help="Is the newest dataset fit to train on?")(health.health)
dataset.app.command("trace", short_help="Follow a row from the source to its split.")(health.trace)
app.command("ingest", short_help="01 A source becomes an immutable snapshot.")(data_stages.ingest)
app.command("introspect", short_help="02 The ways to read it, ranked.")(data_stages.introspect)
app.command("map", short_help="03, 04 Try the mapping, then commit it.")(data_stages.map_rows)
app.add_typer(mappings.app, name="mappings", short_help="Mappings that were saved, to be run again.")
app.command("clean", short_help="05 Duplicates, personal data, quality; by rules.")(clean.clean)
app.command("prepare", short_help="06 Split and tokenise for a base model.")(prepare.prepare)
app.command("xray", short_help="See which tokens of an example are trained.")(xray.xray)
app.add_typer(manifests.app, name="manifests", short_help="List what was prepared; go back to an earlier one.")
app.add_typer(manifest.app, name="manifest", short_help="A project as code: brewslm.yaml, plan and apply.")
app.add_typer(golden.app, name="golden", short_help="Lock examples that are never trained on.")
app.command("preflight", short_help="07 Will it run, and at what cost.")(preflight.preflight)
app.command("train", short_help="08 Train an adapter, or all with --autopilot.")(train.train)
app.add_typer(sweep.app, name="sweep", short_help="Several trainings, side by side.")
app.add_typer(run_health.app, name="health", short_help="How a training is, or was; judges any log.")
app.add_typer(engines.app, name="engines", short_help="Clusters that train: Slurm, Ray; check them.")
app.command("results", short_help="What a training came to, beside its base.")(results.results)
app.command("curves", short_help="Draw a training's curves as SVG and PNG.")(results.curves)
app.command("patrol", short_help="Look at every running training; for cron.")(patrol.patrol)
app.command("evaluate", short_help="09 Base and tuned on the same rows.")(evaluate.evaluate)
app.add_typer(evaluations.app, name="eval", short_help="Eval packs, failing rows, review lists.")
app.add_typer(backlog.app, name="backlog", short_help="What the next run should mend, and did.")
app.command("benchmark", short_help="Compare base models on this data.")(benchmark.benchmark)
app.command("forecast", short_help="Will the plan beat its base? And did it?")(forecast.forecast)
app.command("optimize", short_help="Measure the bundle's forms for a device.")(optimize.optimize)
app.command("export", short_help="10 Merge it into a bundle.")(export.export)
app.add_typer(bundle.app, name="bundle", short_help="Verify a bundle, wherever it lies.")
app.command("deploy", short_help="11 Smoke-test it and register a release.")(deploy.deploy)
app.add_typer(releases.app, name="releases", short_help="Promote, roll back, canary; what answers clients.")
app.add_typer(keys.app, name="keys", short_help="Keys that clients of an endpoint show.")
app.add_typer(drift.app, name="drift", short_help="Is the endpoint still what it was?")
app.add_typer(endpoint.app, name="endpoint", short_help="Who answers clients, how fast, what was asked.")
app.add_typer(jobs.app, name="jobs", short_help="Watch, pause, retry, cancel jobs; read logs.")
app.add_typer(gates.app, name="gates", short_help="Let pass what a stage made, or not.")
app.add_typer(notifications.app, name="notifications", short_help="What has happened that somebody should know.")
app.add_typer(alerts.app, name="alerts", short_help="Send it by e-mail, webhook, Slack, Discord, desktop.")
app.add_typer(events.app, name="events", short_help="What has happened, in order; and as a file.")
app.command("timeline", short_help="Runs, their steps and recoveries, in time.")(records.timeline)
app.command("failures", short_help="What failed, by its cause.")(records.failures)
app.command("replay", short_help="Make an experiment's data again; compare hashes.")(records.replay)
app.command("support-bundle", short_help="A zip for those who help, without secrets.")(records.support_bundle)
app.add_typer(artifacts.app, name="artifacts", short_help="What was made, of what, and is it whole.")
app.add_typer(audit.app, name="audit", short_help="Verify the hash chain over all events.")
app.add_typer(db.app, name="db", short_help="Back the ledger up, restore it, move it.")
app.command("stages", short_help="The eleven stages and their contracts.")(about.stages)
app.command("reasons", short_help="Every reason an event can have.")(about.reasons)
app.command("version", short_help="Print the version.")(about.version)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted.

    `health` and `patrol` have codes of their own: 0 ok, 1 warning, 2 critical, 3 unknown; whatever went wrong is 3.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    is_debug = DEBUG_OPTION in words
    background.is_wanted.set(background.OPTION in words)
    sys.exit(_run([word for word in words if word not in {DEBUG_OPTION, background.OPTION}], is_debug=is_debug))


def _run(words: list[str], *, is_debug: bool) -> int:
    from brewslm.cli import failures

    failures.set_up_log(is_debug=is_debug)
    try:
        if background.is_wanted.get():
            background.refuse_elsewhere(words)
        code = app(words, prog_name="brewslm", standalone_mode=False)
    except Exception as error:  # noqa: BLE001 - the edge of the process
        code = failures.tell(error, words, is_debug=is_debug)
        return run_health.UNKNOWN if words[:1] in (["health"], ["patrol"]) else code
    return code if isinstance(code, int) else 0
