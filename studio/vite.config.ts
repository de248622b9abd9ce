import { fileURLToPath } from "node:url";

import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const SERVER = "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: "../src/brewslm/bundled/studio",
    emptyOutDir: true,
    target: "es2023",
    // The policy of the page allows no `data:` scripts or styles; small files stay files.
    assetsInlineLimit: 0,
    // tests/browser holds the size of the first load.
    chunkSizeWarningLimit: 1_000,
    modulePreload: { polyfill: false },
    // Their licences ask for their notice wherever their code goes; tools/shipping reads there what a release holds.
    license: { fileName: "licenses.md" },
  },
  server: {
    // The server answers only under its own name and to its own origin.
    proxy: { "/api": { target: SERVER, changeOrigin: true, headers: { origin: SERVER } } },
  },
});
