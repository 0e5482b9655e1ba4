/** Sources of a shard: of a partitioned one it reads its own subjects, of others what the router gives it. */
import type { SourceOpener } from '../../ports/source.js';

export function partOpener(options: {
  readonly parts: SourceOpener;
  readonly whole: SourceOpener;
  readonly shard: number;
  readonly shards: number;
}): SourceOpener {
  const { parts, whole, shard, shards } = options;
  return {
    open: (source, start, how) => {
      const { nats } = source;
      if (nats?.partitioned !== true) return whole.open(source, start, how);
      const subjects = nats.subjects.filter((_, index) => index % shards === shard);
      return parts.open({ ...source, nats: { ...nats, subjects } }, start, { ...how, isPart: true });
    },
  };
}
