import { Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { ApiError, type Results as Figures, resultsQuery } from "@/api";
import { QueryView } from "@/components/QueryView";
import { formatCount, formatDelta, formatEnergy, formatNumber } from "@/lib/numbers";
import { formatDuration } from "@/lib/time";

/** What the training came to, beside its base. */
export function Results({ jobId, isOver }: { jobId: number; isOver: boolean }) {
  const results = useQuery(resultsQuery(jobId));
  if (results.error instanceof ApiError && results.error.status < 500 && results.data === undefined) {
    return (
      <Text size="sm" c="dimmed">
        {isOver ? results.error.message : "Results come with the end of the training."}
      </Text>
    );
  }
  return <QueryView query={results}>{(found) => <Shown found={found} />}</QueryView>;
}

function Shown({ found }: { found: Figures }) {
  const rows = Object.entries(found.metrics).flatMap(([split, metrics]) =>
    Object.entries(metrics).map(([metric, tuned]) => ({
      name: `${split} ${metric.replaceAll("_", " ")}`,
      tuned,
      base: found.baselines[split]?.[metric] ?? null,
      delta: found.deltas[split]?.[metric] ?? null,
    })),
  );
  const facts: [string, string][] = [
    [
      "Ended",
      `${found.ended.by.replaceAll("_", " ")} at step ${found.ended.step}${found.ended.why ? `: ${found.ended.why}` : ""}`,
    ],
    ["Best step", `${found.best_step} of ${found.total_steps}`],
    ["Time", formatDuration(3600 * found.training_time_hours)],
    ["Tokens", formatCount(found.num_tokens)],
    ["Tokens per second", found.tokens_per_second === null ? "not measured" : formatNumber(found.tokens_per_second)],
    ["Peak memory", found.memory_peak_gb === null ? "not measured" : `${found.memory_peak_gb} GB`],
    ["Attempts", String(found.num_attempts)],
    ...(found.cost === null ? [] : [["Cost, estimated", String(found.cost)] satisfies [string, string]]),
    ...(found.energy_kwh === null
      ? []
      : [["Energy, estimated", formatEnergy(found.energy_kwh)] satisfies [string, string]]),
  ];
  return (
    <Stack gap="md">
      <div className="job-scroll" tabIndex={0} role="region" aria-label="Tuned against base">
        <table className="job-table">
          <thead>
            <tr>
              <th scope="col">Metric</th>
              <th scope="col">Base</th>
              <th scope="col">Tuned</th>
              <th scope="col">Tuned − base</th>
              <th scope="col">95 % interval</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.name}>
                <th scope="row">{row.name}</th>
                <td>{shown(row.base)}</td>
                <td>{shown(row.tuned)}</td>
                <td>{row.delta === null ? "—" : formatDelta(row.delta.value)}</td>
                <td>
                  {row.delta?.low == null || row.delta.high == null
                    ? "not measured"
                    : `${formatDelta(row.delta.low)} to ${formatDelta(row.delta.high)}`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <dl className="job-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Stack>
  );
}

function shown(value: number | null): string {
  return value === null ? "not measured" : formatNumber(value, 5);
}
