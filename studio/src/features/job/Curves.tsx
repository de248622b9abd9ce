import { Alert, Stack, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";

import { detailQuery, readSpans } from "./queries";
import { LossChart } from "@/components/chart/LossChart";
import { PlotGroup, type StepRange } from "@/components/chart/plotGroup";
import { SmallPlots } from "@/components/chart/SmallPlots";
import { Panel } from "@/components/Panel";
import { withDetail } from "@/lib/run/curve";
import { marksOf } from "@/lib/run/marks";
import type { LogRecord } from "@/lib/run/records";
import type { RunState } from "@/lib/run/state";
import { csvLine, saveBlob } from "@/lib/saving";

/** The curves of a training: loss against the base, and below it what explains it. */
export function Curves({ run, name }: { run: RunState; name: string }) {
  const [range, setRange] = useState<StepRange | null>(null);
  const [group] = useState(() => new PlotGroup(setRange));
  const { curve, events, curveJobId } = run;
  const detail = useQuery(detailQuery(curveJobId, curve, range));
  const logs = useMemo(
    () => (range === null ? curve.logs : withDetail(curve.logs, detail.data ?? [])),
    [curve.logs, detail.data, range],
  );
  const marks = useMemo(() => marksOf(curve, events), [curve, events]);
  const csv = useMutation({
    mutationFn: async () => {
      const rows = curve.isThinned && curveJobId !== null ? await readSpans(curveJobId, 0) : curve.logs;
      saveBlob(csvOf(rows, run), `${name}.csv`);
    },
  });
  useEffect(() => () => group.stop(), [group]);
  return (
    <>
      <Panel title="Loss">
        {!run.isLoaded ? (
          <Text c="dimmed" size="sm" py="xl" ta="center" role="status">
            Reading the curve…
          </Text>
        ) : (
          <LossChart
            curve={curve}
            logs={logs}
            marks={marks}
            group={group}
            isZoomed={range !== null}
            name={name}
            onCsv={csv.mutate}
          />
        )}
        {csv.error !== null && (
          <Alert color="red" variant="outline" role="alert">
            The rows could not be read: {csv.error.message}
          </Alert>
        )}
        {curve.evals.length > 0 && <Evaluations run={run} />}
      </Panel>
      {curve.logs.length > 0 && (
        <Panel title="Along the way">
          <SmallPlots logs={logs} group={group} />
        </Panel>
      )}
    </>
  );
}

/** The evaluations as a table, for who reads rather than looks. */
function Evaluations({ run }: { run: RunState }) {
  const shown = run.curve.evals.slice(-50);
  return (
    <details>
      <summary className="job-summary">Evaluations as a table ({run.curve.evals.length})</summary>
      <Stack gap={0} className="job-scroll" tabIndex={0} role="region" aria-label="Evaluations">
        <table className="job-table">
          <thead>
            <tr>
              <th scope="col">Step</th>
              <th scope="col">Eval loss</th>
              <th scope="col">Delta from base</th>
              <th scope="col">95 % interval</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <tr key={one.seq}>
                <td>{one.step}</td>
                <td>{one.loss?.toFixed(4) ?? "no number"}</td>
                <td>{one.delta?.toFixed(4) ?? "—"}</td>
                <td>
                  {one.low === null || one.high === null ? "—" : `${one.low.toFixed(4)} to ${one.high.toFixed(4)}`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Stack>
    </details>
  );
}

const HEAD = ["step", "time", "loss", "delta", "eval_loss", "eval_delta", "eval_delta_low", "eval_delta_high"] as const;
const MORE = ["learning_rate", "grad_norm", "tokens_per_second", "memory_bytes", "not_finite"] as const;

function csvOf(logs: readonly LogRecord[], { curve }: RunState): Blob {
  const lines = logs.map((one) => ({ seq: one.seq, text: csvLine(logCells(one)) }));
  for (const one of curve.evals) {
    const cells = [
      one.step,
      moment(one.at),
      null,
      null,
      one.loss,
      one.delta,
      one.low,
      one.high,
      null,
      null,
      null,
      null,
    ];
    lines.push({ seq: one.seq, text: csvLine([...cells, wrong(one.nonFinite)]) });
  }
  lines.sort((one, other) => one.seq - other.seq);
  return new Blob([csvLine([...HEAD, ...MORE]), ...lines.map((line) => line.text)], { type: "text/csv" });
}

function logCells(one: LogRecord) {
  const figures = [one.learningRate, one.gradNorm, one.tokensPerSecond, one.memoryBytes];
  return [one.step, moment(one.at), one.loss, one.delta, null, null, null, null, ...figures, wrong(one.nonFinite)];
}

function moment(at: number): string {
  return Number.isFinite(at) ? new Date(at).toISOString() : "";
}

function wrong(nonFinite: Readonly<Record<string, string>>): string {
  return Object.entries(nonFinite)
    .map(([name, what]) => `${name}=${what}`)
    .join(" ");
}
