import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { compressAndBudget } from "./budget";

const output = fileURLToPath(new URL("../src/AspNetCore/wwwroot", import.meta.url));

export default defineConfig({
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: output,
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    // A data: URL in a style would need an exception in the content security policy.
    assetsInlineLimit: 0,
    rollupOptions: {
      output: {
        // Libraries change rarely: in a file of their own they stay cached when the page changes.
        manualChunks: (id) => (id.includes("node_modules/preact") ? "vendor" : id.includes("node_modules/uplot") ? "chart" : undefined),
      },
    },
  },
  plugins: [compressAndBudget(output)],
});
