/** Examples of an evaluation, each with its losses. */
import { isObject, type JsonObject, numberIn, textIn } from "@/lib/json";

export type Scored = {
  id: string;
  numTokens: number;
  /** Nats per trained token. */
  base: number | null;
  tuned: number | null;
  delta: number | null;
};

/** The table holds sums over the trained tokens of an example; what people compare is the mean. */
export function scoredOf(row: JsonObject): Scored {
  const numTokens = numberIn(row, "num_tokens") ?? 0;
  const mean = (key: string) => {
    const sum = numberIn(row, key);
    return sum === null || numTokens === 0 ? null : sum / numTokens;
  };
  const [base, tuned] = [mean("base_loss"), mean("tuned_loss")];
  const delta = base === null || tuned === null ? null : tuned - base;
  return { id: textIn(row, "id") ?? "", numTokens, base, tuned, delta };
}

export type ExampleOrder = "split" | "worst" | "best";

/** Sort by how much the loss of an example changed; those without a figure come last. */
export function sorted(rows: readonly Scored[], order: ExampleOrder): readonly Scored[] {
  if (order === "split") {
    return rows;
  }
  const sign = order === "best" ? 1 : -1;
  const rank = ({ delta }: Scored) => (delta === null ? Infinity : sign * delta);
  return rows.toSorted((one, other) => rank(one) - rank(other));
}

export type Part = { role: string; text: string };

/** The texts of an example, whatever its task: messages, a text, a label, answers that are preferred. */
export function partsOf(row: JsonObject): Part[] {
  const label = textIn(row, "label");
  const target = textIn(row, "target_json");
  const text = textIn(row, "text");
  return [
    ...messagesIn(row, "messages", ""),
    ...(text === null ? [] : [{ role: "text", text }]),
    ...messagesIn(row, "chosen", "better: "),
    ...messagesIn(row, "rejected", "worse: "),
    ...(label === null ? [] : [{ role: "label", text: label }]),
    ...(target === null ? [] : [{ role: "target", text: target }]),
  ];
}

function messagesIn(row: JsonObject, key: string, prefix: string): Part[] {
  const found = row[key];
  const messages = Array.isArray(found) ? found.filter(isObject) : [];
  return messages.map((message) => ({
    role: `${prefix}${textIn(message, "role") ?? ""}`,
    text: textIn(message, "content") ?? JSON.stringify(message["tool_calls"] ?? null),
  }));
}
