import { Badge, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { runHealthQuery } from "./queries";
import { ApiError, type HealthFinding, type WatchCheck } from "@/api";
import { QueryView } from "@/components/QueryView";
import { enclosed } from "@/lib/bidi";
import { formatNumber } from "@/lib/numbers";

const COLOURS: Readonly<Record<string, string>> = {
  ok: "teal",
  finished: "teal",
  warning: "orange",
  critical: "red",
  unknown: "gray",
};

/** How the training is, with what that is judged by. */
export function Health({ jobId }: { jobId: number }) {
  const health = useQuery(runHealthQuery(jobId));
  if (health.error instanceof ApiError && health.error.status === 404 && health.data === undefined) {
    return <Quiet>{health.error.message}</Quiet>;
  }
  return (
    <QueryView query={health}>
      {({ verdict, checks, notes }) => (
        <Stack gap="md">
          <div>
            <Badge color={COLOURS[verdict.verdict] ?? "gray"} variant="light" radius="sm" tt="none">
              {verdict.verdict}
            </Badge>{" "}
            <Text span size="sm">
              {verdict.note || `judged from ${verdict.num_records} records by ${verdict.measured.length} detectors`}
            </Text>
          </div>
          {verdict.findings.map((finding) => (
            <Finding key={`${finding.detector} ${finding.episode}`} finding={finding} />
          ))}
          {verdict.recovered.length > 0 && (
            <details>
              <summary className="job-summary">Recovered ({verdict.recovered.length})</summary>
              <Stack gap="sm" mt="xs">
                {verdict.recovered.map((finding) => (
                  <Finding key={`${finding.detector} ${finding.episode}`} finding={finding} />
                ))}
              </Stack>
            </details>
          )}
          <Watch checks={checks} />
          {notes.map((note) => (
            <Quiet key={note}>{note}</Quiet>
          ))}
        </Stack>
      )}
    </QueryView>
  );
}

function Finding({ finding }: { finding: HealthFinding }) {
  const evidence = Object.entries(finding.evidence).map(
    ([name, value]) => `${name} ${typeof value === "number" ? formatNumber(value) : enclosed(value)}`,
  );
  const steps = [
    finding.onset_step === null ? null : `since step ${finding.onset_step}`,
    finding.recovery_step === null ? null : `over at step ${finding.recovery_step}`,
  ].filter((step) => step !== null);
  return (
    <div className="job-finding">
      <Badge color={COLOURS[finding.level] ?? "gray"} variant="light" radius="sm" tt="none">
        {finding.detector.replaceAll("_", " ")}: {finding.level}
      </Badge>
      <Text size="sm" mt={4}>
        {finding.seen}
      </Text>
      <Text size="xs" c="dimmed">
        {[...steps, `limit ${formatNumber(finding.limit)}`, `peak ${formatNumber(finding.peak)}`, ...evidence].join(
          " · ",
        )}
      </Text>
      <Text size="sm">
        <strong>Next step:</strong> {finding.action}
      </Text>
    </div>
  );
}

function Watch({ checks }: { checks: readonly WatchCheck[] }) {
  if (checks.length === 0) {
    return <Quiet>No line of the active watch yet: the first one comes with the first checks.</Quiet>;
  }
  return (
    <div className="job-scroll" tabIndex={0} role="region" aria-label="Active watch over the first steps">
      <table className="job-table">
        <caption>Active watch over the first steps</caption>
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col">Check</th>
            <th scope="col">Level</th>
            <th scope="col">Seen</th>
          </tr>
        </thead>
        <tbody>
          {checks.map((check) => (
            <tr key={`${check.step} ${check.check}`}>
              <td>{check.step}</td>
              <td>{check.check.replaceAll("_", " ")}</td>
              <td>
                <Badge color={COLOURS[check.level] ?? "gray"} variant="light" radius="sm" tt="none">
                  {check.level}
                </Badge>
              </td>
              <td className="job-why">{check.seen}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Quiet({ children }: { children: string }) {
  return (
    <Text size="sm" c="dimmed">
      {children}
    </Text>
  );
}
