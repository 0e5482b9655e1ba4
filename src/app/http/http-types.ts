import type { HttpServer } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

type Adapter = ReturnType<NestFastifyApplication['getHttpAdapter']>;
type Parts =
  Adapter extends HttpServer<infer Request, infer Reply, infer Instance>
    ? { readonly request: Request; readonly reply: Reply; readonly instance: Instance }
    : never;

/** Fastify's own types, as Nest's adapter hands them out. */
export type HttpRequest = Parts['request'];
export type HttpReply = Parts['reply'];
export type HttpInstance = Parts['instance'];
