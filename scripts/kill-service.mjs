/**
 * Kills the service over and over while events come, and compares its alerts with those of a run left alone.
 *
 *   node scripts/kill-service.mjs [--rounds 1] [--kills 100] [--messages 40000] [--seed N]
 *
 * The same run, shorter, is part of the check (test/recovery/kill.test.ts). Ends with 1 if anything differs, and prints the seed.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'vite';

const outDir = join(process.cwd(), `.weir/kill-${process.pid}`);
await build({
  configFile: false,
  logLevel: 'error',
  build: {
    ssr: 'test/recovery/main.ts',
    outDir,
    emptyOutDir: true,
    target: 'node20',
    rolldownOptions: { output: { entryFileNames: 'main.js' } },
  },
});
process.on('exit', () => rmSync(outDir, { recursive: true, force: true }));
await import(pathToFileURL(join(outDir, 'main.js')).href);
