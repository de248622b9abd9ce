import type { ErrorAnswer, Finding } from "./schema";

/** Why the server did not do what it was asked, in its own words. */
export class ApiError extends Error {
  /** The HTTP status; 0 where no answer came at all. */
  readonly status: number;
  readonly reason: string;
  readonly findings: readonly Finding[];

  constructor(status: number, reason: string, message: string, findings: readonly Finding[] = []) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.reason = reason;
    this.findings = findings;
  }

  get isUnreachable(): boolean {
    return this.status === 0;
  }

  static unreachable(): ApiError {
    const message = `No answer from ${window.location.host}. Is the server running? Start it with \`brewslm serve\`.`;
    return new ApiError(0, "unreachable", message);
  }

  static of(status: number, body: unknown): ApiError {
    if (isErrorAnswer(body)) {
      return new ApiError(status, body.error.reason, body.error.message, body.error.findings);
    }
    return new ApiError(status, "unknown", `The server answered with status ${status} and no explanation.`);
  }
}

function isErrorAnswer(body: unknown): body is ErrorAnswer {
  return (
    isObject(body) &&
    isObject(body.error) &&
    typeof body.error.message === "string" &&
    Array.isArray(body.error.findings)
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
