import type { RejectionReason } from "@/api";

const REASONS: readonly RejectionReason[] = [
  ...(["malformed_record", "missing_field", "wrong_type", "bad_json", "empty_prompt", "empty_completion"] as const),
  ...(["empty_text", "too_long", "duplicate_id", "label_not_allowed", "roles_out_of_order", "unknown_role"] as const),
  ...(["no_assistant_turn", "unsupported_content", "bad_tool_call", "same_answers", "no_shared_prompt"] as const),
  ...(["bad_json_target", "spans_out_of_range", "bad_tags", "mapper_failed"] as const),
];

export function reasonOf(text: string | null): RejectionReason | undefined {
  return REASONS.find((one) => one === text);
}
