"""How a bundle is started: notes for vLLM and Ollama. Neither was run when the bundle was made."""

from brewslm.core.artifacts.bundle import UPSTREAM_PORTS, served_name
from brewslm.stages.export.facts import BundleFacts

_BASE_MOUNT = """      - type: bind
        source: ${BASE_MODEL:?name the folder of the base model}
        target: /base
        read_only: true
"""


def launch_notes(facts: BundleFacts) -> dict[str, str]:
    """Return the files that the target wants, by name."""
    match facts.form.target:
        case "vllm":
            return {"serve-vllm.sh": _vllm_launch(facts), "compose.yaml": _compose(facts)}
        case "ollama":
            return {"Modelfile": _modelfile(facts)}
        case _:
            return {}


def _vllm_arguments(facts: BundleFacts) -> tuple[str, ...]:
    name, length = served_name(facts.project.name), str(facts.base.context_length)
    if facts.form.format == "adapter":
        rank = 64 if facts.readiness is None or facts.readiness.plan.recipe.lora is None else _rank(facts)
        return (
            *("--enable-lora", "--max-lora-rank", str(rank), "--lora-modules", f"{name}=./adapter"),
            *("--dtype", facts.base.dtype, "--max-model-len", length),
        )
    return (
        *("--served-model-name", name, "--dtype", facts.result.dtype),
        *("--max-model-len", length, "--generation-config", "./model"),
    )


def _rank(facts: BundleFacts) -> int:
    """The smallest rank that vLLM reserves room for and that is enough."""
    lora = facts.readiness.plan.recipe.lora if facts.readiness is not None else None
    return next((size for size in (8, 16, 32, 64, 128, 256) if lora is not None and size >= lora.lora_rank), 512)


def _vllm_launch(facts: BundleFacts) -> str:
    served = '"${BASE_MODEL:?name the folder or id of the base model}"' if facts.form.format == "adapter" else "./model"
    return f"""#!/bin/sh
# Serve this bundle with vLLM behind an OpenAI-compatible endpoint.
# Not run when the bundle was made; compare it by
#   {_hand_over(facts)}
cd "$(dirname "$0")" || exit 1
exec vllm serve {served} --port {UPSTREAM_PORTS["vllm"]} {" ".join(_vllm_arguments(facts))} "$@"
"""


def _compose(facts: BundleFacts) -> str:
    is_adapter = facts.form.format == "adapter"
    base = _BASE_MOUNT if is_adapter else ""
    arguments = "".join(f"      - {one!r}\n" for one in ("/base" if is_adapter else "./model", *_vllm_arguments(facts)))
    return f"""# docker compose up: this bundle behind an OpenAI-compatible endpoint.
# Not run when the bundle was made; compare it by
#   {_hand_over(facts)}
services:
  model:
    image: ${{VLLM_IMAGE:-vllm/vllm-openai:latest}}
    entrypoint: [vllm, serve]
    working_dir: /bundle
    volumes:
      - ./:/bundle:ro
{base}    ports:
      - "127.0.0.1:${{PORT:-{UPSTREAM_PORTS["vllm"]}}}:8000"
    ipc: host
    command:
{arguments}    deploy:
      resources:
        reservations:
          devices:
            - driver: nvidia
              count: 1
              capabilities: [gpu]
"""


def _hand_over(facts: BundleFacts) -> str:
    return f"brewslm deploy --project {facts.project.id} --at http://127.0.0.1:{UPSTREAM_PORTS[facts.form.target]}/v1"


def _modelfile(facts: BundleFacts) -> str:
    stops = "".join(f'PARAMETER stop "{_quoted(stop)}"\n' for stop in facts.result.stop_tokens)
    return f"""# ollama create {served_name(facts.project.name)} -f Modelfile
# The template was taken from the trained one and compared with its text on {facts.parity.num_texts} conversations;
# Ollama itself was not run when the bundle was made; compare it, once `ollama serve` runs:
#   {_hand_over(facts)}
FROM ./model.gguf
TEMPLATE \"\"\"{facts.result.ollama_template}\"\"\"
{stops}PARAMETER num_ctx {facts.base.context_length}
"""


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
