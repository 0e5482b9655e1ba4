/**
 * Lets the disk of a service fill up, over and over with another amount of room, and compares its alerts with those of a run left alone.
 *
 *   node scripts/full-disk.mjs --directory DIR [--rounds 5] [--messages 12000] [--seed N]
 *
 * DIR is empty and on a small file system that nothing else uses: 64 MiB is enough. On Linux one is made for this alone by
 *
 *   unshare -rm sh -c 'mount -t tmpfs -o size=64m tmpfs /mnt && exec node scripts/full-disk.mjs --directory /mnt'
 *
 * Ends with 1 if the service did not stop with `disk-full`, or anything differs.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'vite';

const outDir = join(process.cwd(), `.weir/full-disk-${process.pid}`);
await build({
  configFile: false,
  logLevel: 'error',
  build: {
    ssr: 'test/recovery/full-disk.ts',
    outDir,
    emptyOutDir: true,
    target: 'node20',
    rolldownOptions: { output: { entryFileNames: 'main.js' } },
  },
});
process.on('exit', () => rmSync(outDir, { recursive: true, force: true }));
await import(pathToFileURL(join(outDir, 'main.js')).href);
