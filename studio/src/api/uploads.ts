import { answer, http } from "./client";
import { ApiError } from "./errors";
import type { UploadFacts } from "./schema";
import { createHeaders, lookHeaders, pieceAfter, pieceHeaders } from "@/lib/uploading";

/**
 * Send a file to the server; `tell` hears how many bytes have arrived.
 *
 * The same file chosen again goes on where it broke off, in this browser, as long as the server keeps what has come.
 */
export async function uploadFile(
  file: File,
  tell: (numBytes: number) => void,
  signal: AbortSignal,
): Promise<UploadFacts> {
  const mark = `upload ${file.name} ${file.size} ${file.lastModified}`;
  const address = (await known(mark, signal)) ?? (await announced(file, mark, signal));
  let offset = await offsetOf(address, signal);
  for (let piece = pieceAfter(offset, file.size); piece !== null; piece = pieceAfter(offset, file.size)) {
    tell(piece.from);
    const body = file.slice(piece.from, piece.to);
    const sent = await reach(address, { method: "PATCH", headers: pieceHeaders(piece.from), body, signal });
    offset = Number(sent.headers.get("Upload-Offset"));
  }
  tell(offset);
  localStorage.removeItem(mark);
  const upload_id = address.slice(address.lastIndexOf("/") + 1);
  return answer(http.GET("/api/uploads/{upload_id}", { params: { path: { upload_id } }, signal }));
}

async function announced(file: File, mark: string, signal: AbortSignal): Promise<string> {
  const made = await reach("/api/uploads", { method: "POST", headers: createHeaders(file.name, file.size), signal });
  const address = made.headers.get("Location");
  if (address === null) {
    throw new ApiError(made.status, "unknown", "The server did not say where the file belongs; try again.");
  }
  localStorage.setItem(mark, address);
  return address;
}

async function known(mark: string, signal: AbortSignal): Promise<string | null> {
  const address = localStorage.getItem(mark);
  if (address === null || !address.startsWith("/api/uploads/")) {
    return null;
  }
  try {
    await offsetOf(address, signal);
    return address;
  } catch (error) {
    if (error instanceof ApiError && !error.isUnreachable) {
      localStorage.removeItem(mark); // the server has given it up
      return null;
    }
    throw error;
  }
}

async function offsetOf(address: string, signal: AbortSignal): Promise<number> {
  const state = await reach(address, { method: "HEAD", headers: lookHeaders(), signal });
  return Number(state.headers.get("Upload-Offset"));
}

async function reach(address: string, order: RequestInit): Promise<Response> {
  let response;
  try {
    response = await fetch(address, { ...order, cache: "no-store" });
  } catch (error) {
    if (order.signal?.aborted === true) {
      throw error;
    }
    throw ApiError.unreachable();
  }
  if (!response.ok) {
    throw ApiError.of(response.status, await response.json().catch(() => null));
  }
  return response;
}
