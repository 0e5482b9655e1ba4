import type { Position } from '../../core/document/documents.js';

/** A text whose offsets can be told as line and column; the lines are counted when first asked for. */
export class SourceText {
  private starts: number[] | undefined;

  constructor(readonly text: string) {}

  private lineStarts(): readonly number[] {
    if (this.starts !== undefined) return this.starts;
    const starts = [0];
    for (let at = this.text.indexOf('\n'); at >= 0; at = this.text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.starts = starts;
    return starts;
  }

  /** Line and column, from 1. */
  positionAt(offset: number): Position {
    const starts = this.lineStarts();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  }

  /** The whole line an offset stands in. */
  lineAt(offset: number): string {
    const begin = this.text.lastIndexOf('\n', offset - 1) + 1;
    const end = this.text.indexOf('\n', offset);
    return this.text.slice(begin, end < 0 ? undefined : end);
  }
}
