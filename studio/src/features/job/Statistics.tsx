import { Select, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { readSpans } from "./queries";
import { QueryView } from "@/components/QueryView";
import { formatBytes, formatCount, formatNumber } from "@/lib/numbers";
import type { Curve } from "@/lib/run/curve";
import type { LogRecord } from "@/lib/run/records";
import { correlatedMean } from "@/lib/statistics/correlation";
import { describe } from "@/lib/statistics/describe";

const WINDOWS = [
  { value: "100", label: "the last 100 records" },
  { value: "1000", label: "the last 1,000 records" },
  { value: "10000", label: "the last 10,000 records" },
  { value: "100000", label: "the whole run (100,000 at most)" },
];

type Series = {
  name: string;
  values: (logs: readonly LogRecord[], curve: Curve) => number[];
  format?: (value: number) => string;
};

const SERIES: readonly Series[] = [
  { name: "Train loss", values: (logs) => known(logs.map((log) => log.loss)) },
  { name: "Train delta", values: (logs) => known(logs.map((log) => log.delta)) },
  { name: "Eval loss", values: (logs, curve) => within(curve, logs, (one) => one.loss) },
  { name: "Eval delta", values: (logs, curve) => within(curve, logs, (one) => one.delta) },
  { name: "Learning rate", values: (logs) => known(logs.map((log) => log.learningRate)) },
  { name: "Gradient norm", values: (logs) => known(logs.map((log) => log.gradNorm)) },
  { name: "Tokens per second", values: (logs) => known(logs.map((log) => log.tokensPerSecond)) },
  { name: "Memory", values: (logs) => known(logs.map((log) => log.memoryBytes)), format: formatBytes },
];

/** What the numbers of a run say as numbers. */
export function Statistics({ jobId, curve }: { jobId: number; curve: Curve }) {
  const [most, setMost] = useState("1000");
  const last = Math.max(0, ...Object.values(curve.lastSeqs));
  const rounded = Math.floor(last / 20);
  const spans = useQuery({
    queryKey: ["job", jobId, "spans", most, rounded],
    // Rows of other kinds are among them: a tenth more are asked for than are wanted.
    queryFn: ({ signal }) => readSpans(jobId, Math.max(0, Math.floor(last - 1.1 * Number(most) - 50)), signal),
    placeholderData: (before) => before,
    enabled: last > 0,
  });
  return (
    <Stack gap="sm">
      <Select
        w={260}
        size="xs"
        label="Over"
        allowDeselect={false}
        data={WINDOWS}
        value={most}
        onChange={(value) => setMost(value ?? "1000")}
      />
      {last === 0 ? (
        <Text size="sm" c="dimmed">
          Nothing was logged yet.
        </Text>
      ) : (
        <QueryView query={spans}>{(logs) => <Table logs={logs.slice(-Number(most))} curve={curve} />}</QueryView>
      )}
      <Text size="xs" c="dimmed">
        The plain interval is mean ± t·s/√n (Student&apos;s t; 1.96 above n = 31) and takes the values as independent,
        which those of a training are not. The corrected one fits an autoregression and counts the effective n; trust
        that one where they differ. Spread with n − 1, percentiles interpolated linearly. Values that were no number are
        left out.
      </Text>
    </Stack>
  );
}

function Table({ logs, curve }: { logs: readonly LogRecord[]; curve: Curve }) {
  const rows = SERIES.map((series) => ({ series, values: series.values(logs, curve) })).filter(
    ({ values }) => values.length > 0,
  );
  return (
    <div className="job-scroll" tabIndex={0} role="region" aria-label="Statistics">
      <table className="job-table">
        <caption>
          Steps {logs[0]?.step ?? "—"} to {logs.at(-1)?.step ?? "—"}, {formatCount(logs.length)} records
        </caption>
        <thead>
          <tr>
            <th scope="col">Series</th>
            <th scope="col">n</th>
            <th scope="col">Mean ± 95 %</th>
            <th scope="col">± corrected (effective n)</th>
            <th scope="col">Std. dev.</th>
            <th scope="col">Variance</th>
            <th scope="col">p90</th>
            <th scope="col">p95</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ series, values }) => (
            <Row key={series.name} series={series} values={values} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ series, values }: { series: Series; values: readonly number[] }) {
  const found = describe(values);
  const corrected = correlatedMean(values);
  const format = series.format ?? ((value: number) => formatNumber(value, 5));
  const orNone = (value: number | null) => (value === null ? "—" : format(value));
  return found === null ? null : (
    <tr>
      <th scope="row">{series.name}</th>
      <td>{formatCount(found.num)}</td>
      <td>
        {format(found.mean)} ± {orNone(found.halfWidth)}
      </td>
      <td>
        {corrected === null
          ? "n too small"
          : `± ${format(corrected.halfWidth)} (${formatNumber(corrected.numEffective, 3)})`}
      </td>
      <td>{orNone(found.deviation)}</td>
      <td>{found.variance === null ? "—" : formatNumber(found.variance, 4)}</td>
      <td>{format(found.p90)}</td>
      <td>{format(found.p95)}</td>
    </tr>
  );
}

function known(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

function within(
  curve: Curve,
  logs: readonly LogRecord[],
  value: (one: Curve["evals"][number]) => number | null,
): number[] {
  const first = logs[0]?.seq ?? Infinity;
  return known(curve.evals.filter((one) => one.seq >= first).map(value));
}
