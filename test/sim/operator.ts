/**
 * What happens to streams between two lives, what the service must then say, and what its operator does about it. Which refusal is
 * due is told from the stored positions and what was done to the stream, not by the functions that decide it in the service.
 */
import type { SavedSource } from '../../src/runtime/source-intake.js';
import type { StoredCheckpoint } from '../../src/runtime/stored-state.js';
import { streamOf } from './sim-documents.js';
import type { StreamFault } from './sim-plan.js';
import { below } from './sim-process.js';
import type { SimWorld } from './sim-world.js';

/** Of a source, as the status shows it. */
interface ReadSource {
  readonly name: string;
  readonly state: string;
  readonly failure: { readonly code: string; readonly message: string } | undefined;
}

export class Operator {
  /** Streams of which something is gone for good: what their rules say then is not what they said without faults. */
  readonly spoilt = new Set<string>();
  /** Which refusal is due when they lose messages, too, depends on which: they lose none. */
  private readonly undated = new Set<string>();
  private readonly damage = new Map<string, StreamFault & { readonly endedAt: number }>();

  constructor(private readonly world: SimWorld) {}

  /** Nothing happens to a stream nothing of which was read, nor to one that is damaged. */
  strike(fault: StreamFault, stored: StoredCheckpoint | undefined): void {
    const stream = this.world.stream(fault.stream);
    const saved = savedOf(stored, fault.stream);
    if (saved?.identity == null || saved.position === 0 || this.damage.has(fault.stream)) return;
    if (this.spoilt.has(fault.stream) || this.undated.has(fault.stream)) return;
    if (fault.what === 'undated') {
      this.undated.add(fault.stream);
      return stream.forgetCreation();
    }
    if (fault.what === 'recreated') stream.recreate();
    else if (fault.what === 'purged') stream.purge(1 + Math.floor(fault.share * stream.lastSeq));
    else stream.cutBack(Math.floor(fault.share * saved.position));
    this.damage.set(fault.stream, { ...fault, endedAt: stream.lastSeq });
  }

  /** The refusals that are due of a service that starts with this state: code by stream. */
  refusalsDue(stored: StoredCheckpoint | undefined): ReadonlyMap<string, string> {
    const due = new Map<string, string>();
    for (const [name, { what, endedAt }] of this.damage) {
      const saved = savedOf(stored, name);
      const stream = this.world.stream(name);
      const isKnown = saved?.identity != null;
      if (isKnown && what === 'recreated') due.set(name, 'stream-recreated');
      else if (isKnown && what === 'cut-back' && saved.position > endedAt) due.set(name, 'stream-behind');
      else if (what === 'purged' && (!isKnown || stream.content.firstSeq <= saved.replayFrom)) continue;
      else if (isKnown && what === 'purged') due.set(name, 'stream-purged');
      else this.restore(name);
    }
    return due;
  }

  /** A state that went back does not know what is gone: then nothing is refused, and the operator has to see it himself. */
  private restore(name: string): void {
    this.world.stream(name).restore();
    this.damage.delete(name);
  }

  /** What is wrong with how the sources stand while these refusals are due. */
  faultsOf(sources: readonly ReadSource[], due: ReadonlyMap<string, string>): string[] {
    return sources.flatMap(({ name, state, failure }) => {
      const code = due.get(streamOf(name));
      if (state === 'running' || state === 'caught-up') {
        return code === undefined ? [] : [`source ${name} goes on where ${code} is due`];
      }
      if (state !== 'refused') return [];
      if (failure?.code !== code)
        return [`source ${name} is refused: ${failure?.code ?? ''}, due is ${code ?? 'nothing'}`];
      return failure?.message.includes('Choose: ') === true ? [] : [`the refusal of ${name} names no choices`];
    });
  }

  /** Mends what was refused, as the plan says. */
  choose(refused: Iterable<string>): void {
    for (const source of refused) {
      const name = streamOf(source);
      const stream = this.world.stream(name);
      const fault = this.damage.get(name);
      if (fault?.choice !== 'go-on') {
        this.restore(name);
        continue;
      }
      this.damage.delete(name);
      this.spoilt.add(name);
      stream.accept();
      // What ended it may be among what is gone.
      this.world.endStream(name);
      if (fault.what === 'purged') this.world.documents.goOnOverGaps(name);
      else this.world.documents.rename(name);
    }
  }
}

/** Which retained checkpoint to go back to, of those that a refusal offers; undefined when it offers none. */
export function choiceIn(message: string, random: () => number): number | undefined {
  const offered = [...message.matchAll(/--recover-from (\d+):/g)].map(([, number]) => Number(number));
  return offered[below(random, offered.length)];
}

function savedOf(stored: StoredCheckpoint | undefined, stream: string): SavedSource | undefined {
  return Object.entries(stored?.sources ?? {}).find(([name]) => streamOf(name) === stream)?.[1];
}
