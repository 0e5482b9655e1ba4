/**
 * The documents in force and who owns them: files, or the API. A name has one owner; the API never changes what a file owns.
 */
import type { DocumentKind, PlacedDocument, WeirDocument } from '../core/document/documents.js';
import { hashDocument } from '../core/document/compile.js';
import type { Digest } from '../ports/digest.js';
import type { DocumentView } from '../ports/control.js';
import type { StoreChange } from '../ports/store.js';
import { documentKey } from './state-layout.js';

/** A document as the store keeps it. */
export interface StoredDocument {
  readonly document: WeirDocument;
  readonly origin: 'file' | 'api';
  readonly file?: string;
  readonly hash: string;
  readonly revision: number;
}

/** What makes one set of another. */
export interface DocumentPatch {
  readonly put: readonly StoredDocument[];
  /** `kind/name` of those that are no more. */
  readonly gone: readonly string[];
}

interface HeldDocument extends StoredDocument {
  readonly placed: PlacedDocument;
}

function idOf(document: WeirDocument): string {
  return `${document.kind}/${document.name}`;
}

export class DocumentSet {
  private constructor(
    private readonly held: ReadonlyMap<string, HeldDocument>,
    /** Documents of files whose name another file document has already: such a set does not compile. */
    private readonly surplus: readonly PlacedDocument[] = [],
  ) {}

  static empty(): DocumentSet {
    return new DocumentSet(new Map());
  }

  /** Documents of the store: where they stood in their texts is no longer known. */
  static ofStored(stored: readonly StoredDocument[]): DocumentSet {
    const held = stored.map((one): [string, HeldDocument] => {
      const { document, origin, file } = one;
      return [idOf(document), { ...one, placed: { document, origin, file, locate: () => undefined } }];
    });
    return new DocumentSet(new Map(held));
  }

  get placed(): readonly PlacedDocument[] {
    return [...[...this.held.values()].map((one) => one.placed), ...this.surplus];
  }

  views(kind: DocumentKind | undefined): readonly DocumentView[] {
    const views = [...this.held.values()]
      .filter(({ document }) => kind === undefined || document.kind === kind)
      .map(viewOf);
    return views.sort((a, b) => (`${a.kind}/${a.name}` < `${b.kind}/${b.name}` ? -1 : 1));
  }

  view(kind: DocumentKind, name: string): DocumentView | undefined {
    const held = this.held.get(`${kind}/${name}`);
    return held === undefined ? undefined : viewOf(held);
  }

  /** The set with `files` in place of every document that a file owned. A name the API owns and a file defines belongs to the file. */
  withFiles(files: readonly PlacedDocument[], revision: number, digest: Digest): DocumentSet {
    const next = new Map([...this.held].filter(([, one]) => one.origin === 'api'));
    const surplus: PlacedDocument[] = [];
    for (const placed of files) {
      const id = idOf(placed.document);
      if (next.get(id)?.origin === 'file') surplus.push(placed);
      else next.set(id, this.hold(placed, revision, digest));
    }
    return new DocumentSet(next, surplus);
  }

  with(placed: PlacedDocument, revision: number, digest: Digest): DocumentSet {
    return new DocumentSet(new Map(this.held).set(idOf(placed.document), this.hold(placed, revision, digest)));
  }

  without(kind: DocumentKind, name: string): DocumentSet {
    const next = new Map(this.held);
    next.delete(`${kind}/${name}`);
    return new DocumentSet(next);
  }

  /** `kind/name` of every document that this set has and `before` has not, or has otherwise. */
  changedSince(before: DocumentSet): ReadonlySet<string> {
    return new Set([...this.held].filter(([id, { hash }]) => before.held.get(id)?.hash !== hash).map(([id]) => id));
  }

  /** All of it, as it would be stored. */
  get stored(): StoredDocument[] {
    return [...this.held.values()].map(toStored);
  }

  /** What is to be done to `before` to get this set. */
  patchFrom(before: DocumentSet): DocumentPatch {
    return {
      put: [...this.held].flatMap(([id, one]) => (isSame(before.held.get(id), one) ? [] : [toStored(one)])),
      gone: [...before.held.keys()].filter((id) => !this.held.has(id)),
    };
  }

  /** The set with what another thread changed; the documents that stay are the same objects. */
  patched({ put, gone }: DocumentPatch): DocumentSet {
    const next = new Map(this.held);
    for (const id of gone) next.delete(id);
    for (const [id, one] of DocumentSet.ofStored(put).held) next.set(id, one);
    return new DocumentSet(next);
  }

  /** True if the set is what `before` is: nothing to apply. */
  isSameAs(before: DocumentSet): boolean {
    return this.surplus.length === 0 && this.changesFrom(before).length === 0;
  }

  /** What the store must change to hold this set instead of `before`. */
  changesFrom(before: DocumentSet): StoreChange[] {
    const changes: StoreChange[] = [];
    for (const { document, ...one } of this.patchFrom(before).put) {
      const key = documentKey(document.kind, document.name);
      changes.push({ kind: 'put', key, value: JSON.stringify({ document, ...one }) });
    }
    for (const [id, { document }] of before.held) {
      if (!this.held.has(id)) changes.push({ kind: 'del', key: documentKey(document.kind, document.name) });
    }
    return changes;
  }

  private hold(placed: PlacedDocument, revision: number, digest: Digest): HeldDocument {
    const { document, origin, file } = placed;
    const hash = hashDocument(document, digest);
    const old = this.held.get(idOf(document));
    const same = old !== undefined && old.hash === hash && old.origin === origin;
    return { document, origin, file, hash, revision: same ? old.revision : revision, placed };
  }
}

function viewOf({ document, origin, file, hash, revision }: HeldDocument): DocumentView {
  return {
    kind: document.kind,
    name: document.name,
    origin,
    ...(file === undefined ? {} : { file }),
    hash,
    revision,
    document,
  };
}

function isSame(old: StoredDocument | undefined, { hash, origin, file }: StoredDocument): boolean {
  return old?.hash === hash && old.origin === origin && old.file === file;
}

function toStored({ document, origin, file, hash, revision }: StoredDocument): StoredDocument {
  return { document, origin, ...(file === undefined ? {} : { file }), hash, revision };
}
