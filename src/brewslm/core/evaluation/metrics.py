"""The metrics by name: which way is better, and what has to be measured for them."""

from dataclasses import dataclass
from typing import Literal

MetricName = Literal[
    "loss",
    "perplexity",
    "bits_per_byte",
    "objective",
    "accuracy",
    "macro_f1",
    "ece",
    "generated_accuracy",
    "unparseable_rate",
    "exact_match",
    "token_f1",
    "rouge_l",
    "chrf",
    "json_validity",
    "schema_compliance",
    "field_f1",
    "span_f1",
    "tool_name_accuracy",
    "tool_call_accuracy",
    "preference_accuracy",
    "preference_margin",
    "stop_rate",
    "refusal_rate",
    "false_refusal_rate",
    "answer_seconds",
    "tokens_per_second",
    "judge_score",
]

Need = Literal["losses", "objective", "labels", "answers", "pairs", "judge"]
"""`answers` are generated, which takes by far the longest; `judge` has them judged, too."""


@dataclass(frozen=True, slots=True)
class Metric:
    """What is known of a metric."""

    needs: Need
    says: str
    """What the number is, for people."""
    is_lower_better: bool = False


METRICS: dict[MetricName, Metric] = {
    "loss": Metric("losses", "mean loss per trained token, nats", is_lower_better=True),
    "perplexity": Metric("losses", "e to the mean loss per trained token", is_lower_better=True),
    "bits_per_byte": Metric("losses", "bits for each byte of trained text", is_lower_better=True),
    "objective": Metric("objective", "mean objective of the mode that it was trained by", is_lower_better=True),
    "accuracy": Metric("labels", "share of rows whose likeliest label is the right one"),
    "macro_f1": Metric("labels", "F1 of the likeliest label, mean over labels"),
    "ece": Metric(
        "labels", "expected calibration error of the likeliest label's probability, 10 bins", is_lower_better=True
    ),
    "generated_accuracy": Metric("answers", "share of rows whose answer is the right label"),
    "unparseable_rate": Metric("answers", "share of rows whose answer is no label at all", is_lower_better=True),
    "exact_match": Metric("answers", "share of answers that equal the expected one, case and spaces aside"),
    "token_f1": Metric("answers", "F1 of the words that answer and expected answer share"),
    "rouge_l": Metric("answers", "ROUGE-L, F1 of the longest common subsequence of words"),
    "chrf": Metric("answers", "chrF2 of each answer, mean, 0 to 100"),
    "json_validity": Metric("answers", "share of answers that are JSON and nothing else"),
    "schema_compliance": Metric("answers", "share of answers with the keys and types of the expected JSON"),
    "field_f1": Metric("answers", "F1 of the fields, key and value, of the expected JSON"),
    "span_f1": Metric("answers", "F1 of the words in the text fields of the expected JSON"),
    "tool_name_accuracy": Metric("answers", "share of answers that call the expected functions, in order"),
    "tool_call_accuracy": Metric("answers", "share of answers that call them with the expected arguments"),
    "preference_accuracy": Metric("pairs", "share of pairs whose better answer is likelier, per token"),
    "preference_margin": Metric("pairs", "by how many nats per token the better answer is likelier"),
    "stop_rate": Metric("answers", "share of answers that end by themselves, not at the limit"),
    "refusal_rate": Metric("answers", "share of unanswerable rows that are refused"),
    "false_refusal_rate": Metric("answers", "share of answerable rows that are refused", is_lower_better=True),
    "answer_seconds": Metric("answers", "seconds for an answer, greedy, one at a time, here", is_lower_better=True),
    "tokens_per_second": Metric("answers", "tokens a second of an answer, greedy, one at a time, here"),
    "judge_score": Metric("judge", "share of answers that the judge finds better than the other model's, ties half"),
}
