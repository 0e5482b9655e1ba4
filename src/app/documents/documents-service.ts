/**
 * What may be done with documents, in no transport's terms.
 * **Invariant**: changes reach the engine one at a time, each checked against the document the one before left.
 */
import { Inject, Injectable } from '@nestjs/common';
import type { ChangeResult, DocumentKind, DocumentView, EngineControl } from '../../ports/control.js';
import { apiLimits } from '../app-limits.js';
import { tokens } from '../app-dependencies.js';
import { ProblemError } from '../problem/problem.js';
import type { ProblemKind } from '../problem/problem.js';
import type { Change, DocumentPage, DocumentSummary, Validation } from './documents-dto.js';
import { checkPreconditions } from './preconditions.js';
import type { Preconditions } from './preconditions.js';

export interface ListRequest {
  readonly kind?: DocumentKind;
  readonly limit: number;
  /** `kind/name` of the last document of the page before. */
  readonly after?: string;
}

export interface DocumentAddress {
  readonly kind: DocumentKind;
  readonly name: string;
}

type Refusal = Extract<ChangeResult, { ok: false }>;

const problemOfRefusal: Readonly<Record<Refusal['reason'], ProblemKind>> = {
  malformed: 'malformed',
  invalid: 'invalid',
  conflict: 'conflict',
  'not-found': 'not-found',
  unavailable: 'unavailable',
};

@Injectable()
export class DocumentsService {
  private waiting = 0;
  private last: Promise<unknown> = Promise.resolve();

  constructor(@Inject(tokens.control) private readonly control: EngineControl) {}

  /** One page, ordered by kind, then name. */
  list({ kind, limit, after }: ListRequest): DocumentPage {
    const ordered = this.control
      .documents(kind)
      .map((view) => ({ view, at: `${view.kind}/${view.name}` }))
      .filter(({ at }) => after === undefined || at > after)
      .sort((a, b) => (a.at < b.at ? -1 : 1));
    const page = ordered.slice(0, limit);
    return {
      documents: page.map(({ view }) => summarize(view)),
      next: ordered.length > page.length ? (page.at(-1)?.at ?? null) : null,
    };
  }

  get({ kind, name }: DocumentAddress): DocumentView {
    const view = this.control.document(kind, name);
    if (view !== undefined) return view;
    throw new ProblemError('not-found', { detail: `There is no ${kind} '${name}'.` });
  }

  /** Creates or replaces a document; on failure the one in force stays, and a {@link ProblemError} says why. */
  put(address: DocumentAddress, text: string, preconditions: Preconditions): Promise<Change> {
    return this.change(address, preconditions, () => this.control.put(address.kind, address.name, text));
  }

  remove(address: DocumentAddress, preconditions: Preconditions): Promise<Change> {
    return this.change(address, preconditions, () => this.control.remove(address.kind, address.name));
  }

  validate(text: string): Validation {
    const diagnostics = this.control.validate(text);
    return { valid: !diagnostics.some(({ severity }) => severity === 'error'), diagnostics };
  }

  private async change(
    { kind, name }: DocumentAddress,
    preconditions: Preconditions,
    apply: () => Promise<ChangeResult>,
  ): Promise<Change> {
    const result = await this.inTurn(() => {
      checkPreconditions(preconditions, this.control.document(kind, name));
      return apply();
    });
    if (!result.ok) throw refusal(result);
    const { outcome, revision, warnings, view } = result;
    return { outcome, revision, warnings, view: view ?? null };
  }

  private async inTurn<T>(call: () => Promise<T>): Promise<T> {
    if (this.waiting >= apiLimits.changesWaitingMax) {
      throw unavailable(`${apiLimits.changesWaitingMax} changes are waiting already: try again.`);
    }
    this.waiting += 1;
    const turn = this.last.then(call);
    this.last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.waiting -= 1;
    }
  }
}

function summarize({ document: _document, ...summary }: DocumentView): DocumentSummary {
  return summary;
}

function refusal({ reason, detail, diagnostics }: Refusal): ProblemError {
  if (reason === 'unavailable') return unavailable(detail);
  return new ProblemError(problemOfRefusal[reason], { detail, diagnostics });
}

function unavailable(detail: string): ProblemError {
  return new ProblemError('unavailable', { detail, headers: { 'retry-after': '1' } });
}
