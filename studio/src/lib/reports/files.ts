/** The files that an artifact names in its body. */
import { isObject, type JsonObject, numberIn, textIn } from "@/lib/json";

/** The path is relative to the project's folder. */
export type ArtifactFile = { path: string; sizeBytes: number; sha256: string };

export function filesOf(body: JsonObject): ArtifactFile[] {
  const files = body["files"];
  return (Array.isArray(files) ? files : []).filter(isObject).map((file) => ({
    path: textIn(file, "path") ?? "",
    sizeBytes: numberIn(file, "size_bytes") ?? 0,
    sha256: textIn(file, "sha256") ?? "",
  }));
}

export function sizeOf(files: readonly ArtifactFile[]): number {
  return files.reduce((sum, file) => sum + file.sizeBytes, 0);
}
