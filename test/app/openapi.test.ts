import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseDocuments } from '../../src/adapters/document/parse-documents.js';
import { buildApp } from '../../src/app/app.js';
import type { BuiltApp } from '../../src/app/app.js';
import { documentExamples } from '../../src/app/documents/document-examples.js';
import { testDependencies } from './test-app.js';

interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly security?: readonly unknown[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example: unknown }>> };
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, { readonly description?: string; readonly content?: object }>>;
}

interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly securitySchemes: object; readonly schemas: object };
  readonly security: readonly unknown[];
}

let built: BuiltApp;
beforeEach(async () => {
  const documentSchemas = {
    pattern: { type: 'object', properties: { steps: { $ref: '#/$defs/step' } }, $defs: { step: { type: 'object' } } },
  };
  built = await buildApp(testDependencies({ documentSchemas, version: '1.2.3' }).dependencies);
});
afterEach(() => built.app.close());

const load = async (): Promise<OpenApi> => (await built.app.inject('/api/openapi.json')).json() as OpenApi;

const operationsOf = (document: OpenApi): (readonly [string, Operation])[] =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
  );

/** What the operation list must hold, said once and by hand: a route missing from the page shows up here. */
const routes = [
  'DELETE /api/v1/patterns/{name}',
  'DELETE /api/v1/rules/{name}',
  'DELETE /api/v1/sources/{name}',
  'GET /api/v1/documents',
  'GET /api/v1/patterns',
  'GET /api/v1/patterns/{name}',
  'GET /api/v1/rules',
  'GET /api/v1/rules/{name}',
  'GET /api/v1/rules/{name}/explain',
  'GET /api/v1/rules/{name}/shadow-alerts',
  'GET /api/v1/sources',
  'GET /api/v1/sources/{name}',
  'GET /api/v1/status',
  'GET /health/live',
  'GET /health/ready',
  'GET /metrics',
  'POST /api/v1/savepoints',
  'POST /api/v1/validate',
  'PUT /api/v1/patterns/{name}',
  'PUT /api/v1/rules/{name}',
  'PUT /api/v1/sources/{name}',
];

describe('the OpenAPI document', () => {
  it('lists every route there is', async () => {
    expect(
      operationsOf(await load())
        .map(([route]) => route)
        .sort(),
    ).toEqual(routes);
    for (const route of routes) {
      const [method = '', path = ''] = route.split(' ');
      const registered = built.app
        .getHttpAdapter()
        .getInstance()
        .hasRoute({
          method: method as 'GET',
          url: path.replace('{name}', ':name'),
        });
      expect([route, registered]).toEqual([route, true]);
    }
  });

  it('has unique operations, each with a summary, its parameters and described responses', async () => {
    const operations = operationsOf(await load());
    expect(new Set(operations.map(([, { operationId }]) => operationId)).size).toBe(operations.length);
    for (const [route, { summary, responses, parameters = [] }] of operations) {
      expect([route, summary]).not.toEqual([route, '']);
      const inPath = [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(parameters.filter((each) => each.in === 'path').map(({ name }) => name)).toEqual(inPath);
      for (const [status, response] of Object.entries(responses)) {
        expect([route, status, typeof response.description]).toEqual([route, status, 'string']);
        if (Number(status) >= 400) expect(Object.keys(response.content ?? {})).toEqual(['application/problem+json']);
      }
    }
  });

  it('has no reference that leads nowhere', async () => {
    const document = await load();
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(references).toContain('components/schemas/PatternDocument.step');
    for (const path of new Set(references)) {
      const target = path.split('/').reduce<unknown>((value, key) => Reflect.get(Object(value), key), document);
      expect([path, typeof target]).toEqual([path, 'object']);
    }
  });

  it('asks for the bearer token everywhere but at health', async () => {
    const document = await load();
    expect(document.openapi).toBe('3.1.0');
    expect(document.components.securitySchemes).toMatchObject({ token: { type: 'http', scheme: 'bearer' } });
    expect(document.security).toEqual([{ token: [] }]);
    const open = operationsOf(document).filter(([, { security }]) => security?.length === 0);
    expect(open.map(([route]) => route)).toEqual(['GET /health/live', 'GET /health/ready']);
  });

  it('shows each document as YAML text and as JSON', async () => {
    const { paths } = await load();
    const content = paths['/api/v1/rules/{name}']?.['put']?.requestBody?.content;
    expect(parse(String(content?.['application/yaml']?.example))).toEqual(content?.['application/json']?.example);
    expect(content?.['application/json']?.example).toMatchObject({ kind: 'rule', pattern: 'card-testing' });
  });
});

describe('the documents shown', () => {
  it('are documents the service accepts', () => {
    const text = Object.values(documentExamples)
      .map((document) => stringify(document))
      .join('---\n');
    expect(parseDocuments(text, { origin: 'api' })).toMatchObject({ ok: true, value: { length: 3 } });
  });
});

describe('the page', () => {
  it('is served whole from here, and may load nothing from elsewhere', async () => {
    const page = await built.app.inject('/api/docs');
    expect(page.headers['content-type']).toContain('text/html');
    expect(page.headers['content-security-policy']).toContain("default-src 'self'");
    expect(page.body).not.toMatch(/(src|href)=["']?(https?:)?\/\//);
    const files = [...page.body.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, file]) => `/api/${file}`);
    expect(files.length).toBeGreaterThanOrEqual(4);
    for (const file of files) expect([file, (await built.app.inject(file)).statusCode]).toEqual([file, 200]);
    expect((await built.app.inject('/api/docs/swagger-ui-init.js')).body).toContain('"validatorUrl": null');
  });

  it('can be turned off', async () => {
    const { dependencies } = testDependencies({ options: { docs: false } });
    const closed = await buildApp(dependencies);
    const headers = { authorization: `Bearer ${dependencies.options.token}` };
    expect((await closed.app.inject({ url: '/api/docs', headers })).statusCode).toBe(404);
    await closed.app.close();
  });
});
