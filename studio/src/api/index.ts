/** Everything that other rooms may know of the server. `schema.ts` is generated: `make studio-api`. */
export { answer, http } from "./client";
export * from "./endpoint";
export { ApiError } from "./errors";
export * from "./outlooks";
export * from "./queries";
export * from "./records";
export { readText } from "./text";
export { uploadFile } from "./uploads";
export * from "./work";
export type * from "./schema";
