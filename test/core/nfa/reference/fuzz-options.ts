/**
 * How long the random tests run: `WEIR_FUZZ_ROUNDS` multiplies the number of cases, `WEIR_FUZZ_SEED` chooses others
 * (`scripts/fuzz-patterns.mjs` sets both).
 */
export function fuzzOptions(runs: number): { readonly numRuns: number; readonly seed: number; maxSkipsPerRun: number } {
  const rounds = Number(process.env['WEIR_FUZZ_ROUNDS'] ?? 1);
  const seed = Number(process.env['WEIR_FUZZ_SEED'] ?? 20_260);
  return { numRuns: runs * rounds, seed, maxSkipsPerRun: 1_000 };
}

export const FUZZ_TIMEOUT_MS = 30_000 * Number(process.env['WEIR_FUZZ_ROUNDS'] ?? 1);
