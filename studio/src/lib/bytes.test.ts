import { expect, test } from "vitest";

import { formatBytes } from "./bytes";

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1.0 KiB"],
  [1536 * 1024 ** 2, "1.5 GiB"],
  [250 * 1024 ** 3, "250 GiB"],
  [3 * 1024 ** 5, "3072 TiB"],
])("spells %s as %s", (bytes, spelled) => {
  expect(formatBytes(bytes)).toBe(spelled);
});
