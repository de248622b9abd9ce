// What the compiler does not say: no `any`, no `as`, and the walls between the rooms.
import js from "@eslint/js";
import hooks from "eslint-plugin-react-hooks";
import { defineConfig, globalIgnores } from "eslint/config";
import typescript from "typescript-eslint";

const PARENTS = { group: ["../*"], message: "Name other rooms by `@/…`; only neighbours are named by `./…`." };

/** Refuse imports of these rooms in the files of one room. */
function wall(files, rooms) {
  const groups = rooms.map((room) => ({
    group: [`@/${room}`, `@/${room}/**`],
    message: `This room may not import ${room}.`,
  }));
  return { files, rules: { "no-restricted-imports": ["error", { patterns: [PARENTS, ...groups] }] } };
}

export default defineConfig(
  globalIgnores(["src/api/schema.ts"]),
  js.configs.recommended,
  typescript.configs.strict,
  hooks.configs.flat["recommended-latest"],
  {
    files: ["src/**/*.{ts,tsx}"],
    rules: {
      "@typescript-eslint/consistent-type-assertions": ["error", { assertionStyle: "never" }],
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "max-lines": ["error", 300],
      "no-restricted-imports": ["error", { patterns: [PARENTS] }],
      "no-restricted-syntax": [
        "error",
        {
          selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
          message: "Text is drawn as text: what a page shows may come from a stranger.",
        },
      ],
    },
  },
  wall(["src/lib/**"], ["app", "components", "features"]),
  wall(["src/api/**"], ["app", "components", "features"]),
  wall(["src/components/**"], ["app", "features"]),
  wall(["src/features/**"], ["app", "features"]),
);
