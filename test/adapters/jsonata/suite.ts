import { readFileSync } from 'node:fs';

/** One case of jsonata's public test suite. */
export interface SuiteCase {
  readonly group: string;
  readonly expr: string;
  readonly input: unknown;
  readonly bindings: Readonly<Record<string, unknown>>;
  readonly unordered: boolean;
}

interface SuiteFile {
  readonly datasets: Readonly<Record<string, unknown>>;
  readonly groups: Readonly<Record<string, readonly RawCase[]>>;
}

interface RawCase {
  readonly expr: string;
  readonly data?: unknown;
  readonly dataset?: string | null;
  readonly bindings?: Readonly<Record<string, unknown>>;
  readonly unordered?: boolean;
}

/** All cases; the file is written by nobody here: it is jsonata's. */
export function readSuite(): readonly SuiteCase[] {
  const path = new URL('../../data/jsonata-suite/suite.json', import.meta.url);
  const suite = JSON.parse(readFileSync(path, 'utf8')) as SuiteFile;
  return Object.entries(suite.groups).flatMap(([group, cases]) =>
    cases.map((each) => ({
      group,
      expr: each.expr,
      input: 'data' in each ? each.data : suite.datasets[each.dataset ?? ''],
      bindings: each.bindings ?? {},
      unordered: each.unordered === true,
    })),
  );
}
