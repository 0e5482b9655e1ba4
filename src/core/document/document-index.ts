import type {
  BrokenDocument,
  PatternDocument,
  PlacedDocument,
  RuleDocument,
  SourceDocument,
  WeirDocument,
} from './documents.js';

/** The documents of one set by kind and name; the first of two with the same name counts. */
export class DocumentIndex {
  readonly sources = new Map<string, PlacedDocument<SourceDocument>>();
  readonly patterns = new Map<string, PlacedDocument<PatternDocument>>();
  readonly rules = new Map<string, PlacedDocument<RuleDocument>>();
  private readonly broken: ReadonlySet<string>;

  constructor(broken: readonly BrokenDocument[]) {
    this.broken = new Set(broken.map(({ kind, name }) => `${kind}/${name}`));
  }

  /** The document that already bears the name, if any; then this one is not added. */
  add(placed: PlacedDocument): PlacedDocument | undefined {
    const { kind, name } = placed.document;
    const ofKind = this.ofKind(kind);
    const other = ofKind.get(name);
    if (other === undefined) ofKind.set(name, placed);
    return other;
  }

  private ofKind(kind: WeirDocument['kind']): Map<string, PlacedDocument> {
    const maps: Record<WeirDocument['kind'], Map<string, PlacedDocument>> = {
      source: this.sources,
      pattern: this.patterns,
      rule: this.rules,
    };
    return maps[kind];
  }

  /** True if there is such a document, readable or not. */
  knows(kind: 'source' | 'pattern', name: string): boolean {
    return this.ofKind(kind).has(name) || this.broken.has(`${kind}/${name}`);
  }
}
