/** Matches of one event on the arena: counted already, made in the order in which they leave when somebody goes through them. */
import type { MatchRows } from '../match-rows.js';
import type { FinishedRun, RuleVersion } from '../run.js';
import type { CompletedPaths } from './arena-state.js';
import type { ListedPath } from './list-paths.js';
import { compareListed, rankStages, visitPaths } from './list-paths.js';
import { PathBuilder } from './path-builder.js';

export class CompletedRows implements MatchRows {
  constructor(
    readonly owner: RuleVersion,
    private readonly completed: CompletedPaths,
  ) {}

  get count(): number {
    return this.completed.count;
  }

  get time(): number {
    return this.completed.event.time;
  }

  *finished(): Iterable<FinishedRun> {
    const rank = rankStages(this.owner.automaton.stages);
    const paths: ListedPath[] = [];
    this.visit((path) => paths.push(path));
    paths.sort((a, b) => compareListed(a, b, rank));
    const builder = new PathBuilder(this.completed.store);
    for (const path of paths) yield this.make(builder, path);
  }

  first(): FinishedRun {
    const rank = rankStages(this.owner.automaton.stages);
    let first: ListedPath | undefined;
    this.visit((path) => {
      if (first === undefined || compareListed(path, first, rank) < 0) first = path;
    });
    return this.make(new PathBuilder(this.completed.store), first as unknown as ListedPath);
  }

  private visit(visit: (path: ListedPath) => void): void {
    const { store, roots, earliest } = this.completed;
    for (const root of roots) visitPaths(store, root, visit, earliest);
  }

  private make(builder: PathBuilder, path: ListedPath): FinishedRun {
    const { store, event } = this.completed;
    const node = builder.build(path);
    const first = path[0] as number;
    const startTime = store.events[first]?.time ?? 0;
    return { owner: this.owner, node, startTime, startId: store.ordinals[first] as number, time: event.time };
  }
}
