/** The names expressions know without declaring them. A test holds the first list equal to the pinned library's. */

/** Functions of JSONata 2.2.2. */
const LIBRARY_FUNCTIONS = [
  ['sum', 'count', 'max', 'min', 'average'],
  ['string', 'substring', 'substringBefore', 'substringAfter', 'lowercase', 'uppercase', 'length', 'trim', 'pad'],
  ['match', 'contains', 'replace', 'split', 'join', 'formatNumber', 'formatBase', 'formatInteger', 'parseInteger'],
  ['number', 'floor', 'ceil', 'round', 'abs', 'sqrt', 'power', 'random', 'boolean', 'not'],
  ['map', 'zip', 'filter', 'single', 'reduce', 'sift', 'keys', 'lookup', 'append', 'exists', 'spread', 'merge'],
  ['reverse', 'each', 'error', 'assert', 'type', 'sort', 'shuffle', 'distinct'],
  ['base64encode', 'base64decode', 'encodeUrlComponent', 'encodeUrl', 'decodeUrlComponent', 'decodeUrl'],
  ['eval', 'toMillis', 'fromMillis', 'clone', 'now', 'millis'],
].flat();

export const builtinFunctions: ReadonlySet<string> = new Set(LIBRARY_FUNCTIONS);

/** Functions that no replay could repeat, or that would turn text into code. */
export const refusedFunctions: ReadonlyMap<string, string> = new Map([
  ['random', 'a replay must give the same result: use a field of the event'],
  ['shuffle', 'a replay must give the same result: use $sort'],
  ['eval', 'text never becomes code: write the expression itself'],
]);

/** Variables of the message and the event, bound everywhere. */
export const eventVariables: ReadonlySet<string> = new Set(['eventType', 'eventTime', 'subject', 'headers']);

/** Variables bound where `ExpressionNames` says so. */
export const conditionalVariables: ReadonlySet<string> = new Set(['params', 'key']);

/** Names a stage may not bear: JSONata's functions and the variables the engine binds. */
export const reservedStageNames: ReadonlySet<string> = new Set(
  [...builtinFunctions, ...eventVariables, ...conditionalVariables, 'table'].sort(),
);
