/** Files sent piece by piece by the tus protocol, so that a break costs one piece. */

const PIECE_BYTES = 8 << 20;
const VERSION = { "Tus-Resumable": "1.0.0" } as const;

/** The value of `Upload-Metadata`: the name, in Base64 of its UTF-8. */
export function metadataOf(name: string): string {
  const bytes = new TextEncoder().encode(name);
  return `filename ${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))}`;
}

/** The piece that follows after so many bytes; null after the last. */
export function pieceAfter(offset: number, size: number, most = PIECE_BYTES): { from: number; to: number } | null {
  return offset >= size ? null : { from: offset, to: Math.min(offset + most, size) };
}

export function createHeaders(name: string, size: number): Record<string, string> {
  return { ...VERSION, "Upload-Length": String(size), "Upload-Metadata": metadataOf(name) };
}

export function pieceHeaders(offset: number): Record<string, string> {
  return { ...VERSION, "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" };
}

export function lookHeaders(): Record<string, string> {
  return { ...VERSION };
}
