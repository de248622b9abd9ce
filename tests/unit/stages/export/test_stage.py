"""Export: the bundle is whole, checks itself, tells the truth about the model, and is published only in parity."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from brewslm.core.artifacts.adapter import Adapter
from brewslm.core.artifacts.bundle import Bundle
from brewslm.core.artifacts.eval_report import Answer, EvalReport, GateOutcome, LossComparison
from brewslm.core.artifacts.manifest import Manifest
from brewslm.core.evaluation.interval import Interval
from brewslm.core.ids import ArtifactId
from brewslm.core.job import Job, JobStatus
from brewslm.core.wire.export import FirstDifference
from brewslm.core.wire.order import ExportOrder
from brewslm.core.wire.result import ExportResult, GeneratedAnswer
from brewslm.stages.export.contract import ExportInputs
from tests.unit.scene import Scene, answering

WRITTEN = {
    "huggingface": ("model/model.safetensors", "model/config.json", "adapter/adapter_config.json"),
    "safetensors": ("model/model.safetensors", "model/config.json"),
    "adapter": ("adapter/adapter_config.json",),
    "gguf": ("model.gguf",),
}


class Exporter:
    """Plays the export worker."""

    def __init__(self, *, merged_loss: float = 1.5004, **found: Any) -> None:
        self.merged_loss = merged_loss
        self.found = found
        self.orders: list[ExportOrder] = []

    def __call__(self, order: Any, _directory: Path) -> ExportResult:
        self.orders.append(order)
        for name in WRITTEN[order.format]:
            path = Path(order.output_folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode())
        return ExportResult(
            dtype=order.quantization or "float32",
            num_examples=3,
            adapter_loss=1.5,
            merged_loss=self.merged_loss,
            largest_logprob_difference=0.001,
            same_greedy_tokens=True,
            runtime="transformers 5",
            smoke=(GeneratedAnswer(text="Hello!", num_tokens=2, is_stopped=True),),
            stop_tokens=("<|im_end|>",),
            **self.found,
        )


def comparison(split: str) -> LossComparison:
    return LossComparison(
        split=split,
        num_examples=3,
        num_tokens=6,
        base=2.0,
        tuned=1.5,
        delta=-0.5,
        interval=Interval(low=-0.6, high=-0.4),
        base_bits_per_byte=1.0,
        tuned_bits_per_byte=0.8,
        verdict="better",
    )


def evaluated(scene: Scene, adapter: Adapter, manifest: Manifest) -> EvalReport:
    report = EvalReport(
        adapter_id=adapter.id,
        manifest_id=manifest.id,
        losses=(comparison("eval"), comparison("test")),
        accuracy=(),
        answers=(Answer(prompt="Hi?", base="…", tuned="Hello!"), Answer(prompt="", base="", tuned="")),
        gates=(GateOutcome(name="better_than_base", sentence="It is.", passed=True, seen="-0.5"),),
        verdict="better",
    )
    scene.put(report)
    return report


def export(scene: Scene, **choices: Any) -> Job:
    manifest = scene.manifest()
    adapter = scene.adapter(manifest)
    report = evaluated(scene, adapter, manifest)
    return scene.run_stage("export", ExportInputs(adapter_id=adapter.id, eval_report_id=report.id, **choices))


def bundle_of(tmp_path: Path, exporter: Exporter | None = None, **choices: Any) -> tuple[Scene, Bundle, Path]:
    scene = Scene(tmp_path, answering(exporter or Exporter()))
    bundle = scene.read(Bundle, export(scene, **choices))
    return scene, bundle, scene.shelf.path(bundle.folder)


def test_a_bundle_is_whole_and_its_checksums_hold_by_the_usual_tool(tmp_path: Path) -> None:
    _, bundle, folder = bundle_of(tmp_path)
    there = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert there == [
        "README.md",
        "SHA256SUMS",
        "adapter/adapter_config.json",
        "bom.cdx.json",
        "bundle.json",
        "model/config.json",
        "model/model.safetensors",
        "smoke.jsonl",
    ]
    assert [file.path for file in bundle.files] == [f"{bundle.folder}/{name}" for name in there]
    checked = subprocess.run(
        ["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.count(": OK") == len(there) - 1


def test_a_bundle_says_what_it_was_made_from_and_what_was_measured(tmp_path: Path) -> None:
    scene, bundle, folder = bundle_of(tmp_path)
    told = json.loads((folder / "bundle.json").read_text())
    assert told["lineage"]["adapter"] == bundle.adapter_id
    assert told["lineage"]["eval_report"] == bundle.eval_report_id
    assert told["metrics"]["delta_interval_95"] == [-0.6, -0.4]
    assert told["parity"]["passed"] is True
    assert told["eval_loss"] == 1.5
    card = (folder / "README.md").read_text()
    assert "| test | 3 | 2.0000 | 1.5000 | -0.5000 [-0.6000, -0.4000] | better |" in card
    assert scene.project.name in card
    assert "Apache-2.0" in card


def test_the_answers_of_the_evaluation_are_asked_again(tmp_path: Path) -> None:
    exporter = Exporter()
    export(Scene(tmp_path, answering(exporter)))
    assert [[turn.content for turn in prompt] for prompt in exporter.orders[0].parity_prompts] == [["Hi?"]]


def test_a_bundle_for_vllm_has_a_launch_note(tmp_path: Path) -> None:
    _, bundle, folder = bundle_of(tmp_path, target="vllm")
    assert bundle.target == "vllm"
    launch = (folder / "serve-vllm.sh").read_text()
    assert "--port 8001 " in launch
    assert "--max-model-len 256" in launch
    assert "brewslm deploy --project 1 --at http://127.0.0.1:8001/v1" in launch
    assert "serve-vllm.sh" in (folder / "SHA256SUMS").read_text()


def test_a_gguf_bundle_is_asked_for_by_its_target(tmp_path: Path) -> None:
    exporter = Exporter(ollama_template="{{ .Content }}")
    _, bundle, folder = bundle_of(tmp_path, exporter, target="ollama", quantization="q4_k_m")
    assert (bundle.format, bundle.target, bundle.quantization, bundle.dtype) == ("gguf", "ollama", "q4_k_m", "q4_k_m")
    assert (exporter.orders[0].format, exporter.orders[0].quantization) == ("gguf", "q4_k_m")
    modelfile = (folder / "Modelfile").read_text()
    assert 'TEMPLATE """{{ .Content }}"""\nPARAMETER stop "<|im_end|>"\nPARAMETER num_ctx 256' in modelfile
    assert "FROM ./model.gguf" in modelfile
    assert "`model.gguf` is the tuned model in q4_k_m" in (folder / "README.md").read_text()


def test_a_template_that_ollama_cannot_spell_is_refused(tmp_path: Path) -> None:
    scene = Scene(tmp_path, answering(Exporter()))
    job = export(scene, target="ollama")
    assert (job.status, job.reason) == (JobStatus.FAILED, "export_format_unsupported")
    assert "--target llama_cpp" in (job.error or "")
    assert not (scene.folder / "exports").exists()


def test_an_adapter_bundle_starts_vllm_with_its_base(tmp_path: Path) -> None:
    _, bundle, folder = bundle_of(tmp_path, format="adapter", target="vllm")
    launch = (folder / "serve-vllm.sh").read_text()
    assert 'vllm serve "${BASE_MODEL:?' in launch
    assert "--enable-lora" in launch
    assert not (folder / "model").exists()
    service = yaml.safe_load((folder / "compose.yaml").read_text())["services"]["model"]
    assert "--enable-lora" in service["command"]
    assert (service["command"][0], service["volumes"][1]["target"]) == ("/base", "/base")
    assert bundle.format == "adapter"


def test_the_bill_of_materials_names_every_file_and_has_no_time(tmp_path: Path) -> None:
    _, _, folder = bundle_of(tmp_path)
    bill = json.loads((folder / "bom.cdx.json").read_text())
    files = {part["name"]: part["hashes"][0]["content"] for part in bill["components"] if part["type"] == "file"}
    sums = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert files == {name: digest for name, digest in sums.items() if name != "bom.cdx.json"}
    assert "timestamp" not in bill["metadata"]
    assert bill["metadata"]["component"]["modelCard"]["modelParameters"]["datasets"] == [{"ref": "data"}]


def test_what_was_answered_is_kept_as_a_trace(tmp_path: Path) -> None:
    _, _, folder = bundle_of(tmp_path)
    (line,) = [json.loads(line) for line in (folder / "smoke.jsonl").read_text().splitlines()]
    assert line == {"prompt": "Hi?", "answer": "Hello!", "num_tokens": 2, "is_stopped": True}


def test_the_same_work_gives_the_same_bundle(tmp_path: Path) -> None:
    scene = Scene(tmp_path, answering(Exporter()))
    assert export(scene).artifact_id == export(scene).artifact_id
    assert len(list((scene.folder / "exports").iterdir())) == 1


def test_nothing_is_published_without_parity(tmp_path: Path) -> None:
    scene = Scene(tmp_path, answering(Exporter(merged_loss=1.502)))
    job = export(scene)
    assert (job.status, job.reason, job.artifact_id) == (JobStatus.FAILED, "export_parity_failed", None)
    assert "1.50200" in (job.error or "")
    assert not (scene.folder / "exports").exists()
    assert not list(scene.folder.glob(".draft-*"))
    (event,) = scene.events(job.run_id)
    assert event.severity == "critical"
    assert event.payload["findings"][0]["check"] == "parity"


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"text_problem": "The runtime spells a conversation otherwise: 'a' is 'b' there."}, "spells a conversation"),
        ({"mean_logprob_difference": 0.2}, "differ from the tuned model's by 0.2000 on average"),
        (
            {"first_difference": FirstDifference(prompt=0, position=3, tuned=" yes", bundle=" no", margin=0.3)},
            "Asked prompt 1, the bundle says ' no' at token 4",
        ),
    ],
)
def test_a_bundle_that_is_not_the_tuned_model_is_not_published(
    tmp_path: Path, found: dict[str, Any], words: str
) -> None:
    scene = Scene(tmp_path, answering(Exporter(**found)))
    job = export(scene)
    assert (job.status, job.reason) == (JobStatus.FAILED, "export_parity_failed")
    assert words in (job.error or "")
    assert not (scene.folder / "exports").exists()


def test_an_answer_that_breaks_the_other_way_in_a_near_tie_is_named_and_published(tmp_path: Path) -> None:
    near = FirstDifference(prompt=0, position=3, tuned=" yes", bundle=" no", margin=0.01)
    _, bundle, folder = bundle_of(tmp_path, Exporter(first_difference=near))
    assert bundle.parity.first_difference == near
    assert "it says ' no' at token 4" in (folder / "README.md").read_text()


def test_an_unsupported_family_is_refused_before_a_worker_starts(scene: Scene) -> None:
    scene.base_models._facts["tiny"] = scene.base.model_copy(update={"model_type": "mamba"})
    job = export(scene, format="gguf")
    assert (job.status, job.reason) == (JobStatus.FAILED, "export_format_unsupported")
    assert "'mamba' model cannot be written as GGUF" in (job.error or "")
    assert scene.engine.submitted == []


def test_gguf_without_llama_cpp_is_refused_before_a_worker_starts(scene: Scene) -> None:
    del scene.machine.packages["xllamacpp"]
    job = export(scene, format="gguf")
    assert (job.status, job.reason) == (JobStatus.FAILED, "export_format_unsupported")
    assert "needs xllamacpp or llama-cpp-python, which is not installed here" in (job.error or "")
    assert "--extras train,gguf" in (job.error or "")
    assert scene.engine.submitted == []


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"format": "tflite"}, "--format 'tflite' cannot be written; choose one of: huggingface"),
        ({"target": "tensorrt"}, "--target 'tensorrt' is not known; choose one of: transformers"),
        ({"format": "onnx"}, "ONNX is not written"),
        ({"format": "gguf", "target": "vllm"}, "--target 'vllm' does not load gguf; choose one of: llama_cpp, ollama"),
        ({"format": "gguf", "quantization": "q3"}, "--quantization 'q3' is not known; choose one of: f32"),
        ({"quantization": "q8_0"}, "--quantization 'q8_0' is for --format gguf, not for huggingface"),
    ],
)
def test_a_format_that_cannot_be_written_is_refused_with_those_that_can(
    scene: Scene, choices: dict[str, str], words: str
) -> None:
    job = export(scene, **choices)
    assert (job.status, job.reason) == (JobStatus.FAILED, "export_format_unsupported")
    assert words in (job.error or "")
    assert scene.engine.submitted == []


def test_too_little_space_is_seen_before_a_worker_starts(scene: Scene) -> None:
    scene.machine.free_bytes = 15_000_000
    job = export(scene)
    assert (job.status, job.reason) == (JobStatus.FAILED, "system_disk_full")
    assert "15 MB are free" in (job.error or "")
    assert scene.engine.submitted == []


def test_the_evaluation_of_another_adapter_is_refused(scene: Scene) -> None:
    manifest = scene.manifest()
    report = evaluated(scene, scene.adapter(manifest), manifest)
    other = scene.adapter(manifest, step=5)
    job = scene.run_stage("export", ExportInputs(adapter_id=other.id, eval_report_id=report.id))
    assert (job.status, job.reason) == (JobStatus.FAILED, "system_request_invalid")
    assert other.id in (job.error or "")


def test_an_export_that_died_between_publishing_and_recording_is_completed_without_a_second_worker(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path, answering(Exporter()))
    bundle = export(scene)
    assert bundle.artifact_id is not None
    # As a process leaves it that died before its commit: everything is on disk, and the job is still running.
    again = bundle.model_copy(update={"status": JobStatus.RUNNING, "artifact_id": None, "lease_expires_at": None})
    with scene.storage.write() as transaction:
        transaction.jobs._state.jobs[bundle.id] = again
    done = scene.runner(owner="next").run(bundle.id)
    assert (done.status, done.artifact_id) == (JobStatus.COMPLETED, bundle.artifact_id)
    assert len(scene.engine.submitted) == 1


def test_a_report_without_prompts_is_no_obstacle(tmp_path: Path) -> None:
    scene = Scene(tmp_path, answering(Exporter()))
    manifest = scene.manifest()
    adapter = scene.adapter(manifest)
    report = evaluated(scene, adapter, manifest).model_copy(update={"answers": ()})
    scene.put(report)
    job = scene.run_stage("export", ExportInputs(adapter_id=adapter.id, eval_report_id=ArtifactId(report.id)))
    assert job.status is JobStatus.COMPLETED
