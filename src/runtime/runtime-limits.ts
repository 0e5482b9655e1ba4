/** Limits and intervals of the runtime, by name; each can be set through `EngineOptions`. */
export const runtimeDefaults = {
  /** A checkpoint is due this long after the last one when anything changed. */
  checkpointIntervalMs: 1_000,
  /** … and this long after an alert began to wait. */
  alertDelayMaxMs: 10,
  /** Share of the time that checkpoints may block the event loop: after one that blocked b ms the next waits at least b / share. */
  checkpointShareMax: 0.25,
  /** A checkpoint begins this long after the end of the last one at the earliest, alerts or not; 0: when it is due. */
  checkpointPauseMinMs: 0,
  /** A checkpoint's records are made in slices of about this long, the event loop running between them. */
  checkpointSliceMs: 2,
  /** Checkpoints the status tells of, the newest. */
  checkpointHistoryMax: 50,
  /** Bytes keys in memory may take, by estimate; beyond it those not used lately are in the store alone. `serve` takes a share of the heap. */
  stateMemoryBytesMax: 536_870_912,
  /** Share of these that may be changed and not yet durable: beyond it a checkpoint is taken at once, and the sources wait for it. */
  dirtyShareMax: 0.5,
  /** Keys loaded for one step of the shard; more events wait for the next. */
  keysPerLoadMax: 1_000,
  /** Keys in memory looked at to let some go, after each step. */
  evictionStepsMax: 20_000,
  /** Messages taken from a source at once. */
  batchMessagesMax: 2_048,
  /** Late events remembered of a source that is ahead of one rules merge it with; at so many it is not read until that moves. */
  lateHeldMax: 100_000,
  /** How long a source waits for a message before it says that there is none. */
  pollWaitMs: 250,
  /** Alerts, dead letters and late events not yet acknowledged; beyond it the sources are not read. */
  outboxWaitingMax: 50_000,
  /** For so long after a state was put back, alerts found again are looked up among those published. */
  repeatsKeepMs: 604_800_000,
  /** Messages handed to the sink at once. */
  publishBatchMax: 1_024,
  /** How long a stop waits for the outbox to drain before it leaves the rest to the next start. */
  stopWaitMaxMs: 5_000,
} as const;
