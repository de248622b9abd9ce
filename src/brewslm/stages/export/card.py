"""The model card: what is known of a bundle, in words."""

from brewslm.core.artifacts.eval_report import measure_of
from brewslm.stages.export.facts import BundleFacts


def card_of(facts: BundleFacts) -> str:
    """Write the card from facts alone."""
    losses = "\n".join(
        f"| {loss.split} | {loss.num_examples} | {loss.base:.4f} | {loss.tuned:.4f} | {loss.delta:+.4f} "
        f"[{loss.interval.low:+.4f}, {loss.interval.high:+.4f}] | {loss.verdict} |"
        for loss in facts.evaluation.losses
    )
    judgements = "".join(
        f"\n{measure_of(one)} on {one.split} ({one.num_examples} rows; it decides): tuned {one.tuned:.4f}, "
        f"base {one.base:.4f}, delta {one.delta:+.4f} [{one.interval.low:+.4f}, {one.interval.high:+.4f}], "
        f"{one.verdict}.\n"
        for one in facts.evaluation.judgements
    )
    accuracy = "".join(
        f"\nAccuracy on {score.rows} ({score.num_examples} rows): tuned {score.tuned:.3f}, base {score.base:.3f}, "
        f"majority class {score.majority:.3f}.\n"
        for score in facts.evaluation.accuracy
    )
    counts = ", ".join(f"{split.num_examples} {split.name}" for split in facts.manifest.splits)
    return f"""# {facts.project.name}

A fine-tune of `{facts.base.name}` ({facts.base.architecture}, {facts.base.num_parameters:,} parameters), made
with BrewSLM. {_parts(facts)}

```
{_use(facts)}
```

## Data
{counts} examples of the shape `{facts.manifest.shape}`; manifest `{facts.manifest.id}`.
{_source(facts)}
## Intended use
To answer in the manner of its data, to the same kind of prompt. It was not made for anything else.

## Evaluation (measured; mean loss per trained token in nats, base and tuned on the same rows)
| split | rows | base | tuned | delta [95 % interval] | verdict |
|---|---|---|---|---|---|
{losses}
{judgements}{accuracy}
## Parity of this bundle with the tuned model (measured in {facts.result.runtime}, {facts.parity.num_examples} rows)
Loss {facts.parity.merged_loss:.5f} bundle, {facts.parity.adapter_loss:.5f} tuned model; difference of log-probs
{facts.parity.mean_logprob_difference:.4f} on average, {facts.parity.largest_logprob_difference:.4f} at most;
same greedy answers to {facts.parity.num_prompts} prompts: {_greedy(facts)}.

## Limits
Judged by loss on held-out rows of the same data, not for safety or for facts. It answers in the manner of its data.

## Licences
Base model: {facts.base.licence or "not stated by its folder; look before you share this bundle"}.
Data: {_data_licence(facts)}.
"""


def _parts(facts: BundleFacts) -> str:
    match facts.form.format:
        case "gguf":
            return f"`model.gguf` is the tuned model in {facts.form.quantization}, with tokenizer and chat template."
        case "adapter":
            return f"`adapter/` is the adapter for `{facts.base.name}`, with its tokenizer and chat template."
        case _:
            parts = f"`model/` is the tuned model ({facts.result.dtype})."
            if facts.adapter.form == "adapter":
                parts = f"`model/` is base and adapter merged ({facts.result.dtype})."
            if facts.form.format == "huggingface" and facts.adapter.form == "adapter":
                parts += " `adapter/` is the adapter alone, for the same base."
            return parts


def _use(facts: BundleFacts) -> str:
    match facts.form.format:
        case "gguf":
            return "llama-server --model model.gguf --jinja"
        case "adapter":
            return (
                "from peft import AutoPeftModelForCausalLM\n"
                'model = AutoPeftModelForCausalLM.from_pretrained("adapter")  # needs the base model'
            )
        case _:
            return (
                "from transformers import AutoModelForCausalLM, AutoTokenizer\n"
                'model = AutoModelForCausalLM.from_pretrained("model")\n'
                'tokenizer = AutoTokenizer.from_pretrained("model")'
            )


def _source(facts: BundleFacts) -> str:
    if facts.snapshot is None:
        return ""
    snapshot = facts.snapshot
    return f"They come from `{snapshot.locator}`, {snapshot.num_rows:,} rows; snapshot `{snapshot.id}`.\n"


def _data_licence(facts: BundleFacts) -> str:
    stated = facts.snapshot.licence if facts.snapshot is not None else None
    return stated or "not stated by its source; it is its owner's"


def _greedy(facts: BundleFacts) -> str:
    first = facts.parity.first_difference
    if first is None:
        return "yes" if facts.parity.same_greedy_tokens else "no"
    return (
        f"no; to prompt {first.prompt + 1} it says {first.bundle!r} at token {first.position + 1}, where the "
        f"tuned model prefers {first.tuned!r} by {first.margin:.3f} nats"
    )
