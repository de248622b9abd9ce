import type { ReasonFacts, RunEvent } from "@/api";
import { useAddress } from "@/components/useAddress";

export const SEVERITIES = ["info", "warning", "error", "critical"] as const;
const STAGES = {
  project: true,
  ingestion: true,
  introspection: true,
  mapping: true,
  cleaning: true,
  preparation: true,
  preflight: true,
  benchmark: true,
  training: true,
  monitoring: true,
  evaluation: true,
  export: true,
  deployment: true,
  gate: true,
  autopilot: true,
  system: true,
} as const satisfies Record<ReasonFacts["stage"], true>;

/** Which events are meant, as the API asks for them; what is left out does not restrict. */
export type EventQuery = {
  text?: string;
  severity?: RunEvent["severity"][];
  stage?: ReasonFacts["stage"][];
  reason?: RunEvent["reason"][];
  run_id?: string;
  actor?: string;
  since?: string;
  until?: string;
};

export type ChoiceName = keyof EventQuery;

/** What is chosen on the page. */
export function useChoice() {
  const { params, settled, change } = useAddress();
  return {
    params,
    choose: (name: ChoiceName, values: readonly string[]) =>
      change((next) => {
        next.delete(name);
        values.filter((value) => value !== "").forEach((value) => next.append(name, value));
      }),
    clear: () => change((next) => [...next.keys()].forEach((name) => next.delete(name))),
    query: queryOf(settled),
  };
}

/** Read a choice from an address; what the API would not take is left out. */
export function queryOf(params: URLSearchParams): EventQuery {
  const query: EventQuery = {};
  const severity = SEVERITIES.filter((one) => params.getAll("severity").includes(one));
  const stage = stagesIn(params.getAll("stage"));
  const reason = params.getAll("reason").filter(isSpelledLikeAReason);
  if (severity.length > 0) query.severity = severity;
  if (stage.length > 0) query.stage = stage;
  if (reason.length > 0) query.reason = reason;
  for (const name of ["text", "run_id", "actor"] as const) {
    const value = params.get(name)?.trim() ?? "";
    if (value !== "") query[name] = value;
  }
  for (const name of ["since", "until"] as const) {
    const at = Date.parse(params.get(name) ?? "");
    if (!Number.isNaN(at)) query[name] = new Date(at).toISOString();
  }
  return query;
}

export const ALL_STAGES = stagesIn(Object.keys(STAGES));

function stagesIn(names: readonly string[]): ReasonFacts["stage"][] {
  return names.filter((name): name is ReasonFacts["stage"] => name in STAGES);
}

/** The address of a file with the events of a choice. */
export function exportAddress(projectId: number, query: EventQuery, format: "jsonl" | "csv"): string {
  const params = new URLSearchParams({ project_id: String(projectId), format });
  for (const [name, value] of Object.entries(query)) {
    [value].flat().forEach((one) => params.append(name, one));
  }
  return `/api/events/export?${params.toString()}`;
}

/** The server knows which there are, and says so. */
function isSpelledLikeAReason(name: string): name is RunEvent["reason"] {
  return /^[a-z_]+$/.test(name);
}
