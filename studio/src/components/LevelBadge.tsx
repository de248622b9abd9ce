import { Badge } from "@mantine/core";

const LEVELS: Readonly<Record<string, { color: string; label: string }>> = {
  ok: { color: "teal", label: "OK" },
  warn: { color: "orange", label: "Warning" },
  block: { color: "red", label: "Blocks" },
  unknown: { color: "gray", label: "Unknown" },
};

/** How a check judged. */
export function LevelBadge({ level }: { level: string }) {
  const { color, label } = LEVELS[level] ?? { color: "gray", label: level };
  return (
    <Badge
      color={color}
      variant={level === "block" ? "filled" : "outline"}
      fw={600}
      tt="none"
      radius="sm"
      miw={72}
      data-level={level}
    >
      {label}
    </Badge>
  );
}
