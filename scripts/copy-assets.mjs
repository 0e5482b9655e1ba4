/** Copies what `tsc` does not emit into dist, so that the built program runs. Run after the build. */
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Files or folders under src; each lands at the same place under dist. */
const ASSETS = ['adapters/jsonata/generated'];

for (const asset of ASSETS) {
  const from = join(root, 'src', asset);
  const to = join(root, 'dist', asset);
  if (!existsSync(from)) throw new Error(`copy-assets: src/${asset} is missing: run \`npm run generate\` first.`);
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true });
}

// The rings land in dist itself, the tests and benchmarks in dist/test: seen from there the rings and scripts are still at `../../src`
// and `../../scripts`.
for (const [name, target] of [
  ['src', '.'],
  ['scripts', '../scripts'],
]) {
  const link = join(root, 'dist', name);
  rmSync(link, { recursive: true, force: true });
  symlinkSync(target, link, 'dir');
}
