import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** What the first view may weigh: the page, its script and style, and what they import at once. */
const INITIAL_GZIP_BYTES = 45 * 1024;
const COMPRESSIBLE = /\.(html|js|css|svg|json)$/;

/** Writes .br and .gz beside every text file and fails the build when the first view is over its budget. */
export function compressAndBudget(folder: string): Plugin {
  const initial = new Set<string>();
  return {
    name: "compress-and-budget",
    generateBundle(_, bundle) {
      const follow = (name: string) => {
        const chunk = bundle[name];
        if (!chunk || initial.has(name)) return;
        initial.add(name);
        if (chunk.type !== "chunk") return;
        chunk.imports.forEach(follow);
        chunk.viteMetadata?.importedCss.forEach((css) => initial.add(css));
      };
      // The overview is what opens first, so its page and its charts count although they are loaded lazily.
      for (const item of Object.values(bundle)) {
        if (item.type === "chunk" && (item.isEntry || item.name === "Overview")) follow(item.fileName);
      }
    },
    closeBundle() {
      const rows = files(folder)
        .filter((file) => COMPRESSIBLE.test(file))
        .map((file) => {
          const bytes = readFileSync(file);
          const gzip = gzipSync(bytes, { level: 9 });
          const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
          if (gzip.length < bytes.length) writeFileSync(file + ".gz", gzip);
          if (brotli.length < bytes.length) writeFileSync(file + ".br", brotli);
          const name = relative(folder, file);
          return { name, bytes: bytes.length, gzip: gzip.length, brotli: brotli.length, initial: initial.has(name) || name === "index.html" };
        });
      const total = rows.filter((row) => row.initial).reduce((sum, row) => sum + row.gzip, 0);
      for (const row of rows) {
        process.stdout.write(`${row.initial ? "first" : "later"} ${row.name.padEnd(40)} ${String(row.bytes).padStart(8)} B ${String(row.gzip).padStart(7)} gzip ${String(row.brotli).padStart(7)} br\n`);
      }
      process.stdout.write(`first view: ${total} bytes gzip of ${INITIAL_GZIP_BYTES}\n`);
      writeFileSync(join(folder, "bundle.json"), JSON.stringify({ budget: INITIAL_GZIP_BYTES, initialGzip: total, files: rows }, null, 2));
      if (total > INITIAL_GZIP_BYTES) throw new Error(`the first view is ${total} bytes gzip; the budget is ${INITIAL_GZIP_BYTES}: load something lazily`);
    },
  };
}

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : /\.(br|gz)$/.test(name) ? [] : [path];
  });
}
