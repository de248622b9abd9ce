/** What a cleaning can do, and what may be said of it. */
import type { CleaningPlanInput, PiiRuleInput, QualityRulesInput } from "@/api";

export const NORMALISATIONS: readonly NonNullable<CleaningPlanInput["normalise"]>[number][] = [
  ...(["mojibake", "html_entities", "unicode_nfc", "control_characters"] as const),
  ...(["zero_width", "whitespace", "smart_quotes"] as const),
];

export const PII_KINDS: readonly NonNullable<PiiRuleInput["kinds"]>[number][] = [
  ...(["email", "phone", "iban", "card", "ip", "national_id"] as const),
  ...(["secret", "person", "location", "other"] as const),
];

export const PII_POLICIES: readonly { value: NonNullable<PiiRuleInput["policy"]>; label: string }[] = [
  { value: "off", label: "Do not look" },
  { value: "warn", label: "Count it" },
  { value: "redact", label: "Put placeholders in its place" },
  { value: "block", label: "Fail where there is any" },
];

/** A bound on the texts of an example; `factor` turns what is typed into what is sent. */
export type Bound = { name: Exclude<keyof QualityRulesInput, "languages">; label: string; factor: number };

const PERCENT = 0.01;

export const BOUNDS: readonly Bound[] = [
  { name: "min_characters", label: "Fewest characters", factor: 1 },
  { name: "max_characters", label: "Most characters", factor: 1 },
  { name: "min_words", label: "Fewest words", factor: 1 },
  { name: "max_words", label: "Most words", factor: 1 },
  { name: "max_repeated_line_share", label: "Repeated lines, at most (%)", factor: PERCENT },
  { name: "max_repeated_ngram_share", label: "Repeated phrases, at most (%)", factor: PERCENT },
  { name: "max_symbol_share", label: "Symbols, at most (%)", factor: PERCENT },
  { name: "max_boilerplate_share", label: "Boilerplate, at most (%)", factor: PERCENT },
  { name: "max_html_share", label: "HTML, at most (%)", factor: PERCENT },
  { name: "max_damage_share", label: "Damaged characters, at most (%)", factor: PERCENT },
  { name: "max_outlier_score", label: "Outlier score, at most", factor: 1 },
];
