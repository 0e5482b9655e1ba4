/** `weir savepoint NAME`: asks a running service for one. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SavepointView } from '../../ports/control.js';
import { CommandError, exitCodes } from '../terminal.js';

export interface SavepointOptions {
  readonly bucket?: string;
  readonly api: string;
  readonly token?: string;
  readonly state: string;
}

function tokenOf({ token, state }: SavepointOptions): string {
  if (token !== undefined) return token;
  const file = join(state, 'api-token');
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  throw new CommandError(`There is no token: give --token, or --state so that ${file} is there.`, exitCodes.invalid);
}

export async function savepoint(name: string, options: SavepointOptions): Promise<number> {
  const { api, bucket } = options;
  const url = `${api.replace(/\/$/, '')}/api/v1/savepoints`;
  const answer = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokenOf(options)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name, ...(bucket === undefined ? {} : { bucket }) }),
  }).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new CommandError(`No service answers at ${api}: ${cause}`);
  });
  const body = (await answer.json()) as SavepointView & { readonly detail?: string };
  if (!answer.ok) throw new CommandError(body.detail ?? `The service answered ${answer.status}.`);
  process.stdout.write(`${JSON.stringify(body)}\n`);
  return exitCodes.ok;
}
