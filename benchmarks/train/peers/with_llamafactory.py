"""LLaMA-Factory's SFT: `python -m benchmarks.train.peers.with_llamafactory TASK.json`."""

import importlib.machinery
import os
import sys
import types

from benchmarks.train.peers.measured import read_task, steps_of

task = read_task()  # sets the environment before the libraries are loaded
os.environ["DISABLE_VERSION_CHECK"] = (
    "1"  # it asks for versions that it does not need; the pins are those of its own release
)
# It imports torchaudio, whose builds need a graphics card; sound is not trained on here.
sys.modules["torchaudio"] = types.ModuleType("torchaudio")
sys.modules["torchaudio"].__spec__ = importlib.machinery.ModuleSpec("torchaudio", None)

import torch  # noqa: E402
from datasets import Dataset, DatasetDict  # noqa: E402
from llamafactory.train.tuner import run_exp  # noqa: E402

from benchmarks.train.peers.trainer_steps import StepsCallback  # noqa: E402

torch.set_num_threads(task.num_threads)
tokenised = f"{task.folder}/tokenised"
rows = [{**row, "attention_mask": [1] * len(row["input_ids"])} for row in task.read_rows()]
DatasetDict({"train": Dataset.from_list(rows)}).save_to_disk(tokenised)
settings = {
    "stage": "sft",
    "do_train": True,
    "model_name_or_path": task.model,
    "template": "chatml",
    "dataset": "rows",  # asked for, and not read: the rows are tokenised already
    "tokenized_path": tokenised,
    "disable_shuffling": True,
    "cutoff_len": 1024,
    "finetuning_type": "lora" if task.adapter else "full",
    "output_dir": f"{task.folder}/out",
    "per_device_train_batch_size": task.batch_size,
    "gradient_accumulation_steps": task.accumulation,
    "max_steps": task.num_steps,
    "learning_rate": task.learning_rate,
    "lr_scheduler_type": "constant",
    "warmup_steps": 0,
    "weight_decay": 0.0,
    "max_grad_norm": 1.0,
    "logging_steps": 1,
    "save_strategy": "no",
    "report_to": "none",
    "disable_tqdm": True,
    "use_cpu": True,
    "seed": 0,
}
if task.adapter:
    settings |= {"adapter_name_or_path": task.adapter, "lora_rank": 16, "lora_alpha": 32, "lora_target": "all"}
run_exp(args=settings | task.options, callbacks=[StepsCallback(steps_of(task))])
