/** Pages that are not built yet. A row goes when its page comes. */

export const PROJECT_PLANNED = [
  {
    path: "playground",
    title: "Playground",
    will: ["A chat with base and tuned model side by side, with any checkpoint, also while it trains"],
    commands: ["brewslm evaluate --project 1 --prompt 'Your question'"],
  },
] as const;
