/** What the API may ask of a service of several shards. */
import type { EngineControl, EngineStatus, SavepointResult } from '../../ports/control.js';
import type { SavepointRequest } from '../../ports/savepoint.js';
import { DocumentRevisions } from '../document-revisions.js';
import type { ShardSet } from './shard-set.js';

export class ShardedControl extends DocumentRevisions implements EngineControl {
  constructor(private readonly set: ShardSet) {
    super(set);
  }

  async shadowAlerts(rule: string): Promise<readonly string[] | undefined> {
    if (this.document('rule', rule) === undefined) return undefined;
    const recorded = (await this.set.all((link) => link.call('shadow', rule))).flat();
    const timed = recorded.map((text) => [(JSON.parse(text) as { time: string }).time, text] as const);
    return timed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, text]) => text);
  }

  /**
   * One of each shard, named `NAME-shard-N`: each says for itself how far it came. They are completed once all of them are written;
   * if one is not, the others are taken back.
   */
  async savepoint(request: SavepointRequest): Promise<SavepointResult> {
    const { set } = this;
    if (set.state !== 'running') return { ok: false, reason: 'unavailable', detail: `The service is ${set.state}.` };
    const drafted = await set.all((link) =>
      link.call('draftSavepoint', { ...request, name: `${request.name}-shard-${link.shard}` }),
    );
    const refused = drafted.find((one) => !one.ok);
    if (refused !== undefined) {
      await set.all((link) =>
        drafted[link.shard]?.ok === true ? link.call('abandonSavepoint', undefined) : Promise.resolve(),
      );
      return refused;
    }
    return whole(request, await set.all((link) => link.call('finishSavepoint', undefined)));
  }

  status(): Promise<EngineStatus> {
    return this.set.status();
  }
}

/** What is said of the savepoints of all shards; `sha256` is the first's. */
function whole({ name }: SavepointRequest, results: readonly SavepointResult[]): SavepointResult {
  const views = results.flatMap((one) => (one.ok ? [one.view] : []));
  const place = views.map((view) => view.place).join(' ');
  const refused = results.find((one) => !one.ok);
  if (refused?.ok === false)
    return place === '' ? refused : { ...refused, detail: `${refused.detail} Of other shards there is: ${place}` };
  const [first] = views;
  if (first === undefined) return { ok: false, reason: 'unavailable', detail: 'There is no shard.' };
  const sum = (of: 'entries' | 'characters' | 'parts'): number => views.reduce((all, view) => all + view[of], 0);
  const view = { ...first, name, place, entries: sum('entries'), characters: sum('characters'), parts: sum('parts') };
  return { ok: true, view };
}
