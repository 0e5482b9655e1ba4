/** Names of documents: part of file names, NATS subjects and URLs, hence plain. */
export const DOCUMENT_NAME = /^[a-z0-9][a-z0-9-]*$/;

/** Names that expressions can write after `$`: stages and parameters. `__proto__` names nothing in JavaScript's objects. */
export const VARIABLE_NAME = /^(?!__proto__$)[A-Za-z_][A-Za-z0-9_]*$/;

/** Most edits between a wrong name and one worth suggesting. */
const SUGGESTION_DISTANCE_MAX = 3;

/** Edit distance with neighbours swapped counted once (optimal string alignment); `max + 1` for anything beyond `max`. */
function editDistance(a: string, b: string, max: number): number {
  if (Math.abs(a.length - b.length) > max) return max + 1;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(at(row, j - 1) + (same ? 0 : 1), at(row, j) + 1, at(next, j - 1) + 1);
      if (!same && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, at(before, j - 2) + 1);
      next.push(cost);
    }
    before = row;
    row = next;
  }
  return at(row, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}

/** The candidate most like `name`, for "did you mean"; undefined when nothing is near. Ties go to the first. */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  const max = Math.min(SUGGESTION_DISTANCE_MAX, Math.max(1, Math.floor(name.length / 3)));
  let best: string | undefined;
  let bestDistance = max + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase(), bestDistance - 1);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
    if (bestDistance === 0) break;
  }
  return best;
}

/** ` Did you mean …?`, or nothing: to be put behind a sentence. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const near = nearestName(name, candidates);
  return near === undefined ? '' : ` Did you mean \`${near}\`?`;
}
