/**
 * Every limit of the engine, by name. What happens at each is said beside it and in docs/limits.md.
 */
export const limits = {
  /** Live runs of one rule and one key; beyond it the rule's overflow policy applies (default dropOldest), counted. */
  runsPerKeyMax: 100_000,
  /** From so many live runs of a rule and key on they are kept as sets of paths, where the rule allows it. */
  arenaFromRuns: 128,
  /** Deterministic states of one pattern on the arena; a pattern that takes more is matched run by run. */
  arenaStatesMax: 1_000,
  /** Moves between them that are remembered; at the limit all are forgotten and made again. */
  arenaMovesMax: 20_000,
  /** Nodes a key's arena may take beyond twice those that were live when it was last cleared. */
  arenaSlackNodes: 1_024,
  /** Live runs when a bare pattern is matched without a rule; beyond it the match is refused with an error. */
  runsPerPatternMax: 100_000,
  /** Distinct watermark units of one source; further values share one overflow unit. */
  unitsPerSourceMax: 10_000,
  /** Events held in one event-time buffer; beyond it the watermark is pushed forward to release the oldest, counted. */
  bufferedEventsMax: 1_000_000,
  /** Events of several sources that wait for the slowest; beyond it the sources that are ahead are not read. */
  mergedEventsMax: 500_000,
  /** Events of a message that carries an array (`event.each`); more is a dead letter. */
  eventsPerMessageMax: 100_000,
  /** Characters of one expression; longer is a diagnostic. */
  expressionLengthMax: 10_000,
  /** States of one compiled pattern; more is a diagnostic. */
  automatonStatesMax: 5_000,
  /** Largest `times` count; larger is a diagnostic. */
  timesMax: 1_000,
  /** Branches of an `anyOf`. */
  anyOfBranchesMax: 32,
  /** Branches of an `allOf`, whose states double with each. */
  allOfBranchesMax: 6,
  /** Characters of a payload kept in a dead letter; the rest is cut and its size stated. */
  deadLetterPayloadCharsMax: 65_536,
  /** Bytes of one document file; larger is a diagnostic. */
  documentBytesMax: 1_048_576,
  /** Documents of one set; more is a diagnostic. */
  documentsMax: 20_000,
  /** Alerts a shadow rule keeps; older ones are dropped. */
  shadowAlertsPerRuleMax: 1_000,
} as const;
