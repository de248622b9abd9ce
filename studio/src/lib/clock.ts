/** The server's time, because durations are counted from what the server says. */

let offsetMs = 0;

/** The difference that is believed: a header counts whole seconds, and an answer takes a while. */
const TOLERANCE_MS = 2_000;

/** Learn from the `Date` header of an answer how far this machine's clock is from the server's. */
export function noteServerTime(header: string | null): void {
  const serverMs = header === null ? Number.NaN : Date.parse(header);
  if (!Number.isNaN(serverMs)) {
    const seen = serverMs - Date.now();
    offsetMs = Math.abs(seen) > TOLERANCE_MS ? seen : 0;
  }
}

/** Milliseconds since the epoch, by the server's clock. */
export function serverNow(): number {
  return Date.now() + offsetMs;
}
