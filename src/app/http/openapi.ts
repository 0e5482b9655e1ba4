import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { WeirDocument } from '../../core/document/documents.js';
import type { AppDependencies } from '../app-dependencies.js';
import { documentKinds } from '../documents/document-kinds.js';
import { documentSchemaName } from '../documents/documents-openapi.js';

type OpenApiSources = Pick<AppDependencies, 'documentSchemas' | 'renderYaml' | 'version'>;

/** The page at `/api/docs`, its files served from here, and the document at `/api/openapi.json`. */
export function serveOpenApi(app: NestFastifyApplication, sources: OpenApiSources): void {
  SwaggerModule.setup('api/docs', app, () => openApiDocument(app, sources), {
    jsonDocumentUrl: 'api/openapi.json',
    raw: ['json'],
    customSiteTitle: 'Weir API',
    // The page would otherwise ask a validator on the internet for its badge.
    swaggerOptions: { validatorUrl: null, persistAuthorization: false },
  });
}

export function openApiDocument(app: NestFastifyApplication, sources: OpenApiSources): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Weir')
    .setDescription('Documents, status, health and metrics of a Weir service. Errors are problem documents (RFC 9457).')
    .setVersion(sources.version ?? '0')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', description: 'The API token the service was started with.' },
      'token',
    )
    .addSecurityRequirements('token')
    .addTag('documents', 'All kinds of documents')
    .addTag('sources')
    .addTag('patterns')
    .addTag('rules')
    .addTag('operation', 'Status, health and metrics')
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (controller, method) => `${method}${controller.replace(/Controller$/, '')}`,
  });
  addDocumentSchemas(document, sources);
  renderYamlExamples(document, sources);
  return document;
}

function addDocumentSchemas(document: OpenAPIObject, { documentSchemas }: OpenApiSources): void {
  const schemas = (document.components ??= {}).schemas ?? {};
  document.components.schemas = schemas;
  for (const kind of documentKinds) {
    const name = documentSchemaName(kind);
    const schema = documentSchemas?.[kind] ?? anyDocument(kind);
    Object.assign(schemas, hoistDefinitions(schema, name));
  }
}

function anyDocument(kind: string): object {
  return {
    type: 'object',
    required: ['kind', 'name'],
    properties: { kind: { const: kind }, name: { type: 'string', pattern: '^[a-z0-9][a-z0-9-]*$' } },
    additionalProperties: true,
  };
}

/** The schema as a component of its name, and each of its inner definitions as one beside it: `<name>.<definition>`. */
function hoistDefinitions(schema: object, name: string): Record<string, object> {
  const text = JSON.stringify(schema, (key, value: unknown) => {
    if (key === '$schema' || key === '$id') return undefined;
    return key === '$ref' && typeof value === 'string' ? componentReference(value, name) : value;
  });
  const { $defs, definitions, ...body } = JSON.parse(text) as Record<string, Record<string, object> | undefined>;
  const inner = Object.entries({ ...$defs, ...definitions });
  return { [name]: body, ...Object.fromEntries(inner.map(([key, value]) => [`${name}.${key}`, value])) };
}

function componentReference(reference: string, name: string): string {
  const inner = /^#\/(?:\$defs|definitions)\/([\w.-]+)$/.exec(reference)?.[1];
  if (inner !== undefined) return `#/components/schemas/${name}.${inner}`;
  return reference === '#' ? `#/components/schemas/${name}` : reference;
}

function renderYamlExamples(document: OpenAPIObject, { renderYaml }: OpenApiSources): void {
  for (const item of Object.values(document.paths)) {
    for (const operation of [item.put, item.post]) {
      const body = operation?.requestBody;
      const yaml = body !== undefined && 'content' in body ? body.content['application/yaml'] : undefined;
      if (yaml !== undefined && typeof yaml.example === 'object')
        yaml.example = renderYaml(yaml.example as WeirDocument);
    }
  }
}
