import { PlannedPage } from "@/components/PlannedPage";

/** Run training, and the jobs. */
export function HomePage() {
  return (
    <PlannedPage
      title="Home"
      will={["Run training: what brew.py in the current folder describes", "Jobs: what runs, and what ended last"]}
      commands={["brewslm quickstart", "brewslm jobs list"]}
    />
  );
}
