/**
 * The API, over HTTP and over NATS, on an engine it is given.
 * **Invariants**: absent NATS never keeps HTTP from coming up; nothing here is on the path of an event.
 */
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AppDependencies } from './app-dependencies.js';
import { apiLimits } from './app-limits.js';
import { AppModule } from './app-module.js';
import { resolveOptions } from './app-options.js';
import type { ResolvedOptions } from './app-options.js';
import { guardRequests } from './http/bearer-token.js';
import type { HttpReply, HttpRequest } from './http/http-types.js';
import { serveOpenApi } from './http/openapi.js';
import { acceptTextBodies } from './http/text-bodies.js';
import { NatsApiServer } from './nats/nats-api-server.js';
import { NestLog } from './nest-log.js';
import { HttpProblemFilter, sendProblem } from './problem/http-problem-filter.js';

export interface RunningApp {
  /** `http://host:port`, with the port it really has. */
  readonly url: string;
  readonly port: number;
  /** Whether the NATS side is attached now; false if there is none. */
  natsConnected(): boolean;
  /** Answers what was asked, then lets go of the port and of NATS. May be called more than once. */
  close(): Promise<void>;
}

/** Starts the API; resolves once HTTP answers. Throws {@link AppOptionsError} for options it will not run with. */
export async function createApp(dependencies: AppDependencies): Promise<RunningApp> {
  const { app, options, nats } = await buildApp(dependencies);
  try {
    await app.listen({ host: options.host, port: options.port });
    await app.startAllMicroservices();
  } catch (error) {
    await app.close();
    throw error;
  }
  const { port } = app.getHttpServer().address() as { port: number };
  const url = `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`;
  dependencies.log.info('API listening', { component: 'api', url, token: options.token !== undefined });
  let closed: Promise<void> | undefined;
  return {
    url,
    port,
    natsConnected: () => nats?.connected ?? false,
    close: () => (closed ??= closeApp(app)),
  };
}

export interface BuiltApp {
  readonly app: NestFastifyApplication;
  readonly options: ResolvedOptions;
  readonly nats: NatsApiServer | undefined;
}

/** The application, wired and initialised, but neither listening nor connected. */
export async function buildApp(dependencies: AppDependencies): Promise<BuiltApp> {
  const { log } = dependencies;
  const options = resolveOptions(dependencies.options);
  const adapter = new FastifyAdapter({
    bodyLimit: apiLimits.bodyBytesMax,
    requestTimeout: apiLimits.requestMsMax,
    routerOptions: { maxParamLength: apiLimits.pathSegmentLengthMax },
    // Errors before any route is found, such as a path that is not UTF-8.
    frameworkErrors: (error: unknown, request: unknown, reply: unknown) =>
      sendProblem({ error, request: request as HttpRequest, reply: reply as HttpReply, log }),
  });
  guardRequests(adapter.getInstance(), options.token);
  acceptTextBodies(adapter.getInstance());
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(dependencies, options), adapter, {
    logger: new NestLog(log),
    abortOnError: false,
    bodyParser: false,
  });
  app.useGlobalFilters(new HttpProblemFilter(log));
  secureHeaders(app);
  if (options.docs) serveOpenApi(app, dependencies);
  const nats = attachNats(app, options, dependencies);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return { app, options, nats };
}

function attachNats(
  app: NestFastifyApplication,
  { nats, natsPrefix }: ResolvedOptions,
  { log }: AppDependencies,
): NatsApiServer | undefined {
  if (nats === undefined) return undefined;
  const strategy = new NatsApiServer({ connection: nats, prefix: natsPrefix, log });
  app.connectMicroservice({ strategy }, { inheritAppConfig: false });
  return strategy;
}

/** Nothing from elsewhere on the page; no upgrade to HTTPS, which is the business of whoever stands in front. */
function secureHeaders(app: NestFastifyApplication): void {
  app.useSecurityHeaders({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'self'"],
        'style-src': ["'self'", "'unsafe-inline'"],
        'img-src': ["'self'", 'data:'],
        'object-src': ["'none'"],
        'frame-ancestors': ["'none'"],
      },
    },
    strictTransportSecurity: false,
  });
}

/** Open requests get their time; then their connections are cut. */
async function closeApp(app: NestFastifyApplication): Promise<void> {
  const cut = setTimeout(() => app.getHttpServer().closeAllConnections(), apiLimits.closeMsMax);
  try {
    await app.close();
  } finally {
    clearTimeout(cut);
  }
}
