"""TRL's SFTTrainer: `python -m benchmarks.train.peers.with_trl TASK.json`."""

from benchmarks.train.peers.measured import read_task, steps_of

task = read_task()  # sets the environment before the libraries are loaded

import torch  # noqa: E402
from datasets import Dataset  # noqa: E402
from peft import PeftModel  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402
from trl import SFTConfig, SFTTrainer  # noqa: E402

from benchmarks.train.peers.trainer_steps import StepsCallback  # noqa: E402

torch.set_num_threads(task.num_threads)
options = dict(task.options)
loading = {key: options.pop(key) for key in ("dtype", "attn_implementation") if key in options}
model = AutoModelForCausalLM.from_pretrained(task.model, **{"dtype": "float32"} | loading)
if task.adapter:
    model = PeftModel.from_pretrained(model, task.adapter, is_trainable=True)
settings = {
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
    "train_sampling_strategy": "sequential",
}
trainer = SFTTrainer(
    model=model,
    args=SFTConfig(**settings | options),
    train_dataset=Dataset.from_list(task.read_rows()),
    processing_class=AutoTokenizer.from_pretrained(task.model),
    callbacks=[StepsCallback(steps_of(task))],
)
trainer.train()
