import "./data.css";
import { type JsonObject, objectsIn, shown, textIn } from "@/lib/json";

/** An example as it will be learnt: its turns, answers, text and label. */
export function Talk({ example }: { example: JsonObject }) {
  const turns = (["messages", "chosen", "rejected"] as const).flatMap((part) =>
    objectsIn(example, part).map((turn, at) => ({
      key: `${part} ${at}`,
      name: part === "messages" ? (textIn(turn, "role") ?? "") : `${part} ${textIn(turn, "role") ?? ""}`,
      text: textIn(turn, "content") ?? "",
    })),
  );
  const rest = (["text", "label", "target_json"] as const).flatMap((part) =>
    example[part] === null || example[part] === undefined
      ? []
      : [{ key: part, name: part, text: shown(example[part]) }],
  );
  return (
    <div>
      {[...turns, ...rest].map(({ key, name, text }) => (
        <div key={key} className="data-turn">
          <span>{name}</span>
          <span>{text}</span>
        </div>
      ))}
    </div>
  );
}
