import { SavepointError } from '../../ports/savepoint.js';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;

/** A name that is one part of a path and of a subject. Throws `SavepointError` `savepoint-name`. */
export function checkSavepointName(name: string, what = 'name of a savepoint'): string {
  if (NAME.test(name)) return name;
  throw new SavepointError(
    'savepoint-name',
    `\`${name}\` cannot be the ${what}: letters, digits, - and _, at most 100, a letter or digit first.`,
  );
}
