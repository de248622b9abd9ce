import { expect, test } from "vitest";

import { createHeaders, metadataOf, pieceAfter } from "./uploading";

test("a name of any script is sent as Base64 of its UTF-8", () => {
  expect(metadataOf("daten-für-ø.csv")).toBe("filename ZGF0ZW4tZsO8ci3DuC5jc3Y=");
  expect(createHeaders("a", 3)["Upload-Length"]).toBe("3");
});

test("pieces follow each other without gap or overlap, up to the last byte", () => {
  const pieces = [];
  for (let piece = pieceAfter(0, 10, 4); piece !== null; piece = pieceAfter(piece.to, 10, 4)) {
    pieces.push([piece.from, piece.to]);
  }
  expect(pieces).toEqual([
    [0, 4],
    [4, 8],
    [8, 10],
  ]);
});
