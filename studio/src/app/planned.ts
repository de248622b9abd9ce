/** Pages that are not built yet. A row goes when its page comes. */

export const PROJECT_PLANNED = [
  {
    path: "data",
    title: "Data",
    will: [
      "Import wizard: source, mapping, preview with every rejection, commit",
      "Data health, rows explorer, cleaning preview, splits and leaks, mask X-ray",
    ],
    commands: [
      "brewslm dataset import --project 1 --sample general-chat-v1",
      "brewslm dataset rejections --project 1",
      "brewslm dataset health --project 1",
      "brewslm xray --project 1",
    ],
  },
  {
    path: "preflight",
    title: "Preflight",
    will: ["Checks, memory forecast against capacity, the plan with the source of every value, trainability"],
    commands: ["brewslm preflight --project 1 --task causal_lm --plan"],
  },
  {
    path: "training",
    title: "Training",
    will: [
      "Training configuration with profiles, as a form and as YAML, compared with the defaults",
      "One-click training",
    ],
    commands: ["brewslm train --project 1 --autopilot --one-click"],
  },
  {
    path: "playground",
    title: "Playground",
    will: ["A chat with base and tuned model side by side, with any checkpoint, also while it trains"],
    commands: ["brewslm evaluate --project 1 --prompt 'Your question'"],
  },
] as const;
