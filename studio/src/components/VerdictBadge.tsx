import { Badge } from "@mantine/core";

const COLORS: Readonly<Record<string, string>> = {
  better: "teal",
  passed: "teal",
  worse: "red",
  failed: "red",
};

/** What a comparison or a check came to. */
export function VerdictBadge({ verdict, label }: { verdict: string; label?: string }) {
  return (
    <Badge color={COLORS[verdict] ?? "gray"} variant="light" tt="none" radius="sm" fw={600} miw="max-content">
      {label ?? verdict}
    </Badge>
  );
}
