/** Where this checkout is, whatever the working directory. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectDir = resolve(fileURLToPath(new URL('..', import.meta.url)));
