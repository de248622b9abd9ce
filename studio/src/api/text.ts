import { ApiError } from "./errors";

/** Read an answer that comes as text, piece by piece; `take` gets each piece and its size in bytes. */
export async function readText(
  method: "GET" | "POST",
  path: string,
  take: (text: string, numBytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const response = await open(method, path, signal);
  if (!response.ok || response.body === null) {
    throw ApiError.of(response.status, await response.json().catch(() => null));
  }
  const source = response.body.getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await source.read();
    if (done) {
      return;
    }
    take(decoder.decode(value, { stream: true }), value.byteLength);
  }
}

async function open(method: "GET" | "POST", path: string, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(path, { method, signal, cache: "no-store" });
  } catch (error) {
    if (signal.aborted) {
      throw error;
    }
    throw ApiError.unreachable();
  }
}
