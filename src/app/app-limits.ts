import { limits } from '../core/limits.js';

/** Every limit of the API, by name, and what happens at it. */
export const apiLimits = {
  /** Bytes of a request body, over HTTP and over NATS; more is answered 413. */
  bodyBytesMax: limits.documentBytesMax,
  /** Characters of one path segment; a longer one is answered 404. */
  pathSegmentLengthMax: 256,
  /** Documents on one page of a list; a larger `limit` is answered 400. */
  pageSizeMax: 1_000,
  /** Changes waiting for the engine, the running one included; one more is answered 503 with Retry-After. */
  changesWaitingMax: 64,
  /** Time a client has to send a whole request; then the connection is closed. */
  requestMsMax: 30_000,
  /** Time an open request has to finish once the API closes; then its connection is cut. */
  closeMsMax: 5_000,
  /** Age of the last checkpoint at which readiness fails, if there is input no checkpoint covers. */
  checkpointAgeMsMax: 60_000,
  /** First and longest pause between two attempts to reach NATS. */
  natsRetryMsMin: 250,
  natsRetryMsMax: 5_000,
} as const;
