import { ProblemError } from '../problem/problem.js';

export type Representation = 'json' | 'yaml';

const offered: readonly { readonly as: Representation; readonly types: readonly string[] }[] = [
  { as: 'json', types: ['application/json'] },
  { as: 'yaml', types: ['application/yaml', 'text/yaml', 'application/x-yaml'] },
];

interface Range {
  readonly type: string;
  readonly quality: number;
}

/** JSON or YAML, whichever the Accept header likes better; JSON if it does not care. Throws 406 if neither will do. */
export function chooseRepresentation(accept: string | undefined): Representation {
  if (accept === undefined || accept.trim() === '') return 'json';
  const ranges = accept.split(',').map(parseRange);
  let best: Representation | undefined;
  let bestQuality = 0;
  for (const { as, types } of offered) {
    const quality = Math.max(...types.map((type) => qualityOf(type, ranges)));
    if (quality > bestQuality) {
      best = as;
      bestQuality = quality;
    }
  }
  if (best !== undefined) return best;
  throw new ProblemError('not-acceptable', { detail: 'A document is served as application/json or application/yaml.' });
}

function parseRange(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  return { type, quality: quality === undefined ? 1 : Number(quality) || 0 };
}

/** The most specific range decides, so that a wildcard does not bring back what `q=0` refused. */
function qualityOf(type: string, ranges: readonly Range[]): number {
  const candidates = [type, `${type.split('/', 1)[0]}/*`, '*/*'];
  for (const candidate of candidates) {
    const range = ranges.find((each) => each.type === candidate);
    if (range !== undefined) return range.quality;
  }
  return 0;
}
