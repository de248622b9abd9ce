/** A project's endpoint: who answers, its keys, and asking it as its clients do. */
import { queryOptions } from "@tanstack/react-query";

import { answer, http } from "./client";
import { ApiError } from "./errors";
import { POLL_MS } from "./queries";
import { chatErrorOf } from "@/lib/chat";

const ofProject = (projectId: number) => ({ params: { path: { project_id: projectId } } });

export const endpointKey = (projectId: number) => ["endpoint", projectId] as const;

export function endpointQuery(projectId: number) {
  return queryOptions({
    queryKey: endpointKey(projectId),
    queryFn: ({ signal }) =>
      answer(http.GET("/api/projects/{project_id}/endpoint", { ...ofProject(projectId), signal })),
    refetchInterval: POLL_MS,
  });
}

/** The checkpoints that can be talked to; a training that goes on adds to them. */
export function checkpointsQuery(projectId: number) {
  return queryOptions({
    queryKey: ["checkpoints", projectId],
    queryFn: ({ signal }) =>
      answer(http.GET("/api/projects/{project_id}/checkpoints", { ...ofProject(projectId), signal })),
    refetchInterval: POLL_MS,
  });
}

export function keysQuery(projectId: number) {
  return queryOptions({
    queryKey: [...endpointKey(projectId), "keys"],
    queryFn: ({ signal }) => answer(http.GET("/api/projects/{project_id}/keys", { ...ofProject(projectId), signal })),
  });
}

export function driftQuery(projectId: number) {
  return queryOptions({
    queryKey: [...endpointKey(projectId), "drift"],
    queryFn: ({ signal }) => answer(http.GET("/api/projects/{project_id}/drift", { ...ofProject(projectId), signal })),
    refetchInterval: POLL_MS,
  });
}

export type ChatAsked = {
  model: string;
  messages: readonly { role: "user" | "assistant"; content: string }[];
  temperature: number;
  max_tokens: number;
  seed?: number;
};

/** Ask a model and hear its answer as it is written: `take` gets the data of each event. */
export async function streamChat(
  projectId: number,
  asked: ChatAsked,
  take: (data: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await fetch(`/api/projects/${projectId}/chat`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...asked, stream: true }),
    cache: "no-store",
    signal,
  });
  if (!response.ok || response.body === null) {
    const body: unknown = await response.json().catch(() => null);
    const said = chatErrorOf(body);
    throw said === null ? ApiError.of(response.status, body) : new ApiError(response.status, "endpoint", said);
  }
  const source = response.body.getReader();
  const decoder = new TextDecoder();
  let held = "";
  for (;;) {
    const { done, value } = await source.read();
    if (done) {
      return;
    }
    const lines = (held + decoder.decode(value, { stream: true })).split("\n");
    held = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("data: ") && line !== "data: [DONE]") {
        take(line.slice("data: ".length));
      }
    }
  }
}
