/** Pages that are not built yet. A row goes when its page comes. */

/** Pages of a project that are there; the way to them stands before what is planned. */
export const PROJECT_PAGES = [
  { path: "data", title: "Data" },
  { path: "preflight", title: "Preflight" },
  { path: "training", title: "Training" },
] as const;

export const PROJECT_PLANNED = [
  {
    path: "experiments",
    title: "Experiments",
    will: ["All experiments of the project", "Comparison: overlaid curves, configurations, metrics with intervals"],
    commands: ["brewslm results JOB", "brewslm curves JOB"],
  },
  {
    path: "evaluate",
    title: "Evaluate",
    will: ["The report with its gates", "Base and tuned side by side, worst and best examples, slices"],
    commands: ["brewslm evaluate --project 1"],
  },
  {
    path: "release",
    title: "Release",
    will: ["Exports with checksums and parity", "Releases, promotion and roll-back, drift"],
    commands: [
      "brewslm export --project 1 --format huggingface --target vllm",
      "brewslm deploy --project 1",
      "brewslm releases --project 1",
    ],
  },
  {
    path: "playground",
    title: "Playground",
    will: ["A chat with base and tuned model side by side, with any checkpoint, also while it trains"],
    commands: ["brewslm evaluate --project 1 --prompt 'Your question'"],
  },
  {
    path: "activity",
    title: "Activity",
    will: ["The timeline of events, clusters of failures, audit, support bundle"],
    commands: ["brewslm events --project 1", "brewslm audit verify"],
  },
] as const;
