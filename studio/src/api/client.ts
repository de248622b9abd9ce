/** The one way to the server: typed by its OpenAPI document, with one shape of error. */
import createClient from "openapi-fetch";

import { ApiError } from "./errors";
import type { paths } from "./schema";
import { noteServerTime } from "@/lib/clock";

export const http = createClient<paths>({ baseUrl: window.location.origin, fetch: reach });

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** Return what the server answered, or throw why it did not as an `ApiError`. */
export async function answer<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call;
  if (data === undefined) {
    throw ApiError.of(response.status, error);
  }
  return data;
}

async function reach(request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    noteServerTime(response.headers.get("date"));
    return response;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") {
      throw error;
    }
    throw ApiError.unreachable();
  }
}
