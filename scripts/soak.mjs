/**
 * The service under a steady stream, killed, stopped and reloaded meanwhile: flat memory, and exactly the alerts the events hold.
 *
 *   node scripts/soak.mjs [--minutes 60] [--rate 20000] [--keys 100000] [--kill-every 45] [--reload-every 20]
 *
 * Not part of the check. Ends with 1 if an alert is missing, too much, or there twice. Needs /proc (Linux).
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'vite';

const outDir = join(process.cwd(), `.weir/soak-${process.pid}`);
await build({
  configFile: false,
  logLevel: 'error',
  build: {
    ssr: 'test/soak/main.ts',
    outDir,
    emptyOutDir: true,
    target: 'node20',
    rolldownOptions: { output: { entryFileNames: 'main.js' } },
  },
});
process.on('exit', () => rmSync(outDir, { recursive: true, force: true }));
await import(pathToFileURL(join(outDir, 'main.js')).href);
