/**
 * Tells when files have changed. chokidar says when to look; what counts is whether the files found differ from those
 * last read. So links, loops of them, renames on saving and mounts that send no events are all the same: at the latest
 * the next rescan sees them. A change is told once it has stayed the same for the settling time.
 */
import { basename } from 'node:path';
import { watch } from 'chokidar';
import type { FSWatcher } from 'chokidar';
import { isIgnoredName } from './find-files.js';

export interface WatchOptions {
  readonly directories: readonly string[];
  /** How long files must stay the same before a change of them is told, ms. */
  readonly settleMs: number;
  /** How often to look without being told to, ms. */
  readonly rescanMs: number;
  /** A text that differs after every change of the files. */
  fingerprint(): Promise<string>;
  /** The fingerprint of what was last read; undefined before the first time. */
  known(): string | undefined;
  onChange(): void;
  onError(error: unknown): void;
}

export class FileWatch {
  private readonly watcher: FSWatcher;
  private timer: NodeJS.Timeout | undefined;
  private told: string | undefined;
  private pending: string | undefined;
  private pendingSince = 0;
  private looking: Promise<void> | undefined;
  private stale = false;
  private closed = false;

  constructor(private readonly options: WatchOptions) {
    const roots = new Set(options.directories);
    this.watcher = watch([...options.directories], {
      ignoreInitial: true,
      followSymlinks: false,
      ignored: (path) => !roots.has(path) && isIgnoredName(basename(path)),
    });
    this.watcher.on('all', () => this.look()).on('error', (error) => options.onError(error));
    this.look();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.watcher.close();
    await this.looking;
  }

  /** Looks now, or right after the look that is under way. */
  private look(): void {
    if (this.closed) return;
    if (this.looking !== undefined) {
      this.stale = true;
      return;
    }
    clearTimeout(this.timer);
    this.looking = this.compare().then((nextMs) => {
      this.looking = undefined;
      if (this.closed) return;
      this.timer = setTimeout(() => this.look(), this.stale ? this.options.settleMs : nextMs);
      this.stale = false;
    });
  }

  /** Compares what is there with what was last read; the result says when to look again, ms. */
  private async compare(): Promise<number> {
    const { options } = this;
    try {
      const found = await options.fingerprint();
      this.told ??= options.known() ?? found;
      if (found === this.told || found === options.known()) {
        this.pending = undefined;
        this.told = found;
        return options.rescanMs;
      }
      const now = performance.now();
      if (found !== this.pending) {
        this.pending = found;
        this.pendingSince = now;
      }
      const leftMs = this.pendingSince + options.settleMs - now;
      if (leftMs > 0) return leftMs;
      this.pending = undefined;
      this.told = found;
      if (!this.closed) options.onChange();
    } catch (error) {
      options.onError(error);
    }
    return options.rescanMs;
  }
}
