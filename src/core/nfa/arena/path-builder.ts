/** Listed paths as path nodes: equal beginnings become the same nodes, as the per-run matcher demands (path.ts). */
import type { StreamEvent } from '../../model/event.js';
import { PathNode } from '../path.js';
import type { ListedPath } from './list-paths.js';
import type { PathStore } from './path-store.js';

/** Paths must come in order (`compareListed`): those with a common beginning follow one another. */
export class PathBuilder {
  private before: ListedPath = new Int32Array(0);
  private readonly nodes: PathNode[] = [];

  constructor(private readonly store: PathStore) {}

  build(path: ListedPath): PathNode {
    const { before, nodes } = this;
    let shared = 0;
    while (shared < before.length && shared < path.length && before[shared] === path[shared]) shared++;
    nodes.length = shared >> 1;
    for (let at = nodes.length * 2; at < path.length; at += 2) {
      const position = path[at] as number;
      const event = this.store.events[position] as StreamEvent;
      const ordinal = this.store.ordinals[position] as number;
      nodes.push(new PathNode(nodes[nodes.length - 1], path[at + 1] as number, event, ordinal));
    }
    this.before = path;
    return nodes[nodes.length - 1] as PathNode;
  }
}
