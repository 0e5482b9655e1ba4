/** Every limit of the NATS adapter, by name, with what happens at it. */
export const natsLimits = {
  /** First and longest pause between two attempts to reach a server; the pause doubles, with jitter, for ever. */
  reconnectDelayMsMin: 250,
  reconnectDelayMsMax: 10_000,
  /** One attempt to connect; longer counts as failed. */
  connectTimeoutMs: 5_000,
  /** A server silent for two of these is treated as lost. */
  pingIntervalMs: 20_000,
  pingsUnansweredMax: 2,
  /** Closing flushes for this long, then closes anyway. */
  closeTimeoutMs: 3_000,
  /** First and longest interval between two log lines about the same continuing trouble; it doubles. */
  logIntervalMsMin: 10_000,
  logIntervalMsMax: 600_000,

  /** One request to the JetStream API; longer is retried. */
  apiTimeoutMs: 5_000,
  /** First and longest pause before a failed JetStream request or a lost consumer is tried again; it doubles, for ever. */
  retryDelayMsMin: 50,
  retryDelayMsMax: 5_000,

  /** Messages one pull request asks for. */
  pullMessages: 4_096,
  /** Pull requests of one reader in flight, so that the next batch is on its way while this one arrives. */
  pullRequestsMax: 2,
  /** Messages held for a slow caller; beyond it nothing more is asked for, and the stream keeps the rest. */
  prefetchMessagesMax: 16_384,
  /** Bytes one pull request asks for; never below the largest message the server admits. A larger message stored earlier is fetched alone. */
  pullBytesMin: 8 * 1024 * 1024,
  /** Bytes held for a slow caller; beyond it nothing more is asked for. One pull request may exceed it by its own size. */
  prefetchBytesMax: 64 * 1024 * 1024,
  /** Room for subject, reply and headers beside the payload when bytes are counted. */
  messageOverheadBytes: 64 * 1024,
  /** A pull request ends after this and is made again. */
  pullExpiresMs: 30_000,
  /** The server says it is alive this often while it has nothing to deliver. */
  idleHeartbeatMs: 2_000,
  /** Silence after which the consumer is taken for lost and made anew at the next sequence. */
  heartbeatTimeoutMs: 5_000,
  /** How often silence is looked at; two looks in a row must find it, so that a busy process does not blame the server. */
  heartbeatCheckMs: 1_000,
  /** The server drops our consumer after this much inactivity; a reader paused longer makes it anew at the next sequence. */
  consumerInactiveMs: 300_000,
  /** Distinct subjects whose verdict is remembered; beyond it the memory is emptied and built again. */
  subjectVerdictsMax: 10_000,

  /** Core NATS: messages and bytes held for a slow caller; beyond them the newest are dropped, counted and reported as gaps. */
  coreBufferMessagesMax: 65_536,
  coreBufferBytesMax: 64 * 1024 * 1024,
  /** Reported gaps kept apart in one batch; further ones are joined to the last, which then covers more than was lost. */
  gapsPerBatchMax: 10_000,

  /** Alerts published and not yet acknowledged; further ones wait. */
  publishWindowMessages: 1_024,
  /** Their bytes; a single alert may exceed it when nothing else is in flight. */
  publishWindowBytes: 8 * 1024 * 1024,
  /** An alert unacknowledged for this long is published again under the same id. */
  publishAckTimeoutMs: 5_000,
  /** How often unacknowledged alerts are looked at. */
  publishCheckMs: 250,

  /** Reading or renewing a lease; longer has failed, and is tried again. */
  leaseTimeoutMs: 2_000,

  /** A part of a savepoint on its way into an object store; longer has failed. */
  objectTimeoutMs: 30_000,

  /** Alert ids compared at recovery; more is a refusal. */
  alertIdsMax: 10_000_000,

  /** The alert stream, when the service has to create it: the oldest alerts go first beyond these. */
  alertStreamMaxAgeMs: 30 * 24 * 3_600_000,
  alertStreamMaxBytes: 1024 * 1024 * 1024,
  /** Within this the server itself recognises an alert published twice; after half of it the service reads the stream instead of trusting it. */
  alertDuplicateWindowMs: 120_000,
} as const;
