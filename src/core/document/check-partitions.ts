/** Rules over sources that several shards read by subjects of their own. */
import type { DocumentIndex } from './document-index.js';
import type { RuleDocument } from './documents.js';
import type { Report } from './report.js';

/** Whether the events of a rule's keys come together in one shard, as far as the documents tell. */
export function checkPartitions(rule: RuleDocument, report: Report, index: DocumentIndex): void {
  const names = typeof rule.source === 'string' ? [rule.source] : rule.source;
  const sources = names.flatMap((name) => index.sources.get(name)?.document ?? []);
  const parts = sources.filter(({ nats }) => nats?.partitioned === true);
  if (parts.length === 0) return;
  if (rule.key === undefined) {
    const message = `\`${parts[0]?.name ?? ''}\` is \`partitioned\`, so with several shards none sees all of its events: give the rule a \`key\`, or run one shard.`;
    report.error('partitioned-without-key', '/source', message);
  }
  const numbers = new Set(parts.map(({ nats }) => nats?.subjects.length));
  if (parts.length === sources.length && numbers.size === 1) return;
  const message =
    'Of the sources of a rule either none is `partitioned`, or all are, into the same number of subjects in the same order: else events of a key come to different shards.';
  report.error('partitioned-apart', '/source', message);
}
