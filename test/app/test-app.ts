import { stringify } from 'yaml';
import { buildApp } from '../../src/app/app.js';
import type { BuiltApp } from '../../src/app/app.js';
import type { AppDependencies } from '../../src/app/app-dependencies.js';
import type { AppOptions } from '../../src/app/app-options.js';
import type { LogFields } from '../../src/ports/log.js';
import { MemoryControl } from './memory-control.js';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields | undefined;
}

/** Everything an app needs, in memory; what is given replaces its part. */
export function testDependencies(given: Partial<Omit<AppDependencies, 'options'>> & { options?: Partial<AppOptions> }) {
  const lines: LogLine[] = [];
  const at = (level: LogLine['level']) => (message: string, fields?: LogFields) => {
    lines.push({ level, message, fields });
  };
  const control = new MemoryControl();
  const dependencies: AppDependencies = {
    control,
    metricsText: async () => '# TYPE weir_events_total counter\nweir_events_total 7\n',
    renderYaml: (document) => stringify(document),
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    ...given,
    options: { port: 0, token, ...given.options },
  };
  return { dependencies, control, lines };
}

export const token = 'correct-horse.battery~staple';

export type Inject = BuiltApp['app']['inject'];

export interface TestApp {
  readonly control: MemoryControl;
  readonly lines: readonly LogLine[];
  readonly built: BuiltApp;
  /** Sends a request with the token. */
  send(method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'HEAD', url: string, more?: Sending): Promise<Answer>;
  close(): Promise<void>;
}

export interface Sending {
  readonly body?: string | Buffer;
  readonly headers?: Record<string, string>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly json: () => Record<string, unknown>;
}

export async function startTestApp(given: Parameters<typeof testDependencies>[0] = {}): Promise<TestApp> {
  const { dependencies, control, lines } = testDependencies(given);
  const built = await buildApp(dependencies);
  return {
    control,
    lines,
    built,
    send: async (method, url, { body, headers } = {}) => {
      const type = body === undefined ? {} : { 'content-type': 'application/yaml' };
      const response = await built.app.inject({
        method,
        url,
        payload: body,
        headers: { authorization: `Bearer ${token}`, ...type, ...headers },
      });
      return {
        status: response.statusCode,
        headers: response.headers,
        text: response.body,
        json: () => response.json() as Record<string, unknown>,
      };
    },
    close: () => built.app.close(),
  };
}

export const sourceYaml = 'kind: source\nname: payments\nnats: { subjects: [payments.>] }\nevent: { time: ts }\n';
export const patternYaml =
  'kind: pattern\nname: card-testing\nwithin: 10m\nsequence:\n  - begin: probe\n    where: amount < 5\n';
/** Has a top-level `pattern`, which Nest's own deserialiser would take for its envelope. */
export const ruleYaml = 'kind: rule\nname: card-testing-eu\nsource: payments\nkey: card\npattern: card-testing\n';
