/** Pages that are not built yet. A row goes when its page comes. */

type Planned = { path: string; title: string; will: readonly string[]; commands: readonly string[] };

export const PROJECT_PLANNED: readonly Planned[] = [];
