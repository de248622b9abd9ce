import type { Notification } from "@/api";

/** The colour of a title; only what is bad has one. */
export const SEVERITY_COLORS: Record<Notification["severity"], string | undefined> = {
  info: undefined,
  warning: undefined,
  error: "var(--mantine-color-error)",
  critical: "var(--mantine-color-error)",
};

/** The page that a notification leads to. */
export function placeOf({ job_id, project_id }: Pick<Notification, "job_id" | "project_id">): string {
  if (job_id !== null) {
    return `/jobs/${job_id}`;
  }
  return project_id === null ? "/" : `/projects/${project_id}`;
}
