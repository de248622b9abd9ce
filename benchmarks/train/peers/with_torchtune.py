"""torchtune's recipes for one device: `python -m benchmarks.train.peers.with_torchtune TASK.json`."""

import importlib.util
import json
from pathlib import Path
from typing import Any

from benchmarks.train.peers.measured import read_task

task = read_task()  # sets the environment before the libraries are loaded

import torch  # noqa: E402
import torchtune  # noqa: E402
from omegaconf import OmegaConf  # noqa: E402

from benchmarks.train.peers.torchtune_parts import start_adapter  # noqa: E402

PARTS = "benchmarks.train.peers.torchtune_parts"
MODELS = "torchtune.models.llama3_2"


def recipe_class(method: str) -> Any:
    """Load a recipe from its file: they are shipped beside the package, and not meant to be imported."""
    name = f"{method}_finetune_single_device"
    spec = importlib.util.spec_from_file_location(name, Path(torchtune.__file__).parents[1] / "recipes" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.LoRAFinetuneRecipeSingleDevice if method == "lora" else module.FullFinetuneRecipeSingleDevice


def with_start(recipe: Any, adapter: str) -> Any:
    """Have a LoRA recipe begin with a given adapter."""

    class Started(recipe):
        def _setup_model(self, **arguments: Any) -> Any:
            return super()._setup_model(**arguments | {"lora_weights_state_dict": start_adapter(adapter)})

    return Started


def model_config() -> dict[str, Any]:
    shape = json.loads(Path(task.model, "config.json").read_text())
    config = {
        "_component_": f"{MODELS}.{'lora_llama3_2' if task.adapter else 'llama3_2'}",
        "vocab_size": shape["vocab_size"],
        "num_layers": shape["num_hidden_layers"],
        "num_heads": shape["num_attention_heads"],
        "num_kv_heads": shape["num_key_value_heads"],
        "embed_dim": shape["hidden_size"],
        "intermediate_dim": shape["intermediate_size"],
        "max_seq_len": 2048,
        "norm_eps": shape["rms_norm_eps"],
        "rope_base": shape["rope_parameters"]["rope_theta"],
        "scale_factor": 1,  # plain rotary positions
    }
    if task.adapter:
        modules = ["q_proj", "k_proj", "v_proj", "output_proj"]
        config |= {"lora_attn_modules": modules, "apply_lora_to_mlp": True, "lora_rank": 16, "lora_alpha": 32}
    return config


torch.set_num_threads(task.num_threads)
options = dict(task.options)
is_packed = options.pop("packed", False)  # then the rows of a micro-batch lie in one pack
settings = {
    "output_dir": f"{task.folder}/out",
    "device": "cpu",
    "seed": 0,
    "epochs": 1,
    "max_steps_per_epoch": task.num_steps,
    "batch_size": 1 if is_packed else task.batch_size,
    "gradient_accumulation_steps": task.accumulation,
    "clip_grad_norm": 1.0,
    "compile": False,
    "resume_from_checkpoint": False,
    "optimizer_in_bwd": False,
    "shuffle": False,
    "log_every_n_steps": 1,
    "model": model_config(),
    "tokenizer": {"_component_": f"{PARTS}.tokenizer"},
    "checkpointer": {"_component_": f"{PARTS}.Weights", "folder": task.model, "model_type": "LLAMA3_2"},
    "dataset": {
        "_component_": f"{PARTS}.Rows",
        "rows": task.rows,
        "num_rows": task.num_steps * task.rows_per_step,
        "per_pack": task.batch_size if is_packed else 1,
        "packed": is_packed,
    },
    "optimizer": {"_component_": "torch.optim.AdamW", "fused": True, "weight_decay": 0.0, "lr": task.learning_rate},
    "lr_scheduler": {"_component_": f"{PARTS}.constant"},
    "loss": {"_component_": "torchtune.modules.loss.CEWithChunkedOutputLoss"},
    "metric_logger": {"_component_": f"{PARTS}.StepsLog", "path": f"{task.folder}/steps.jsonl"},
}
config = OmegaConf.create(settings | options)
recipe = with_start(recipe_class("lora"), task.adapter) if task.adapter else recipe_class("full")
training = recipe(cfg=config)
training.setup(cfg=config)
training.train()
