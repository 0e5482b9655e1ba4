/** What a simulated service says and counts is heard by nobody. */
import type { Log } from '../../src/ports/log.js';
import type { Meter } from '../../src/ports/meter.js';

const noop = (): void => undefined;

export const silentLog: Log = { debug: noop, info: noop, warn: noop, error: noop };
export const silentMeter: Meter = { count: noop, gauge: noop, forget: noop, observe: noop };
