/** Limits of retained checkpoints. */
export const levelLimits = {
  /** Bytes of a journal; then a checkpoint is retained before its time, and the next journal begins. */
  journalBytesMax: 268_435_456,
  /** How long commits and new reads wait for reads under way before a checkpoint is retained; beyond it that is postponed … */
  quietWaitMs: 100,
  /** … for so long. */
  postponeMs: 5_000,
} as const;
