type Progress = { status: string; fraction: number; parent_id: number | null };

/** `(42 %) Jobs · BrewSLM`: the page, and before it how far what is running has come. */
export function tabTitle(page: string, jobs: readonly Progress[]): string {
  const running = jobs.filter((job) => job.status === "running" && job.parent_id === null);
  const name = page === "" ? "BrewSLM" : `${page} · BrewSLM`;
  const first = running[0];
  if (first === undefined) {
    return name;
  }
  const percent = `${Math.floor(first.fraction * 100)} %`;
  return `(${running.length === 1 ? percent : `${running.length} running`}) ${name}`;
}
