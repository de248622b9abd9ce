/** Read an id from an address; null where it is none. */
export function idOf(text: string | undefined): number | null {
  return text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : null;
}

/** Read a whole number from 0 on from an address; the other one where it is none. */
export function countOf(text: string | null, otherwise: number): number {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : otherwise;
}

/** The job of a run such as `train-7`; null where the run is none of a job. */
export function jobOfRun(runId: string): number | null {
  return idOf(/^[a-z_]+-(\d+)$/.exec(runId)?.[1]);
}
