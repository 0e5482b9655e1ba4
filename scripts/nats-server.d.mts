/** Types of nats-server.mjs, for the tests that run a real server. */
export interface NatsServerOptions {
  readonly binary?: string;
  readonly port?: number;
  readonly dataDir?: string;
  readonly maxPayload?: number;
  readonly syncInterval?: string;
  readonly extra?: string;
  readonly say?: (message: string) => void;
}

export interface NatsServer {
  readonly url: string;
  readonly port: number;
  readonly version: string;
  readonly binary: string;
  readonly dataDir: string;
  readonly pid: number;
  readonly exited: Promise<number>;
  output(): string;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export declare const cacheDir: string;
export declare function findNatsServer(cache?: string): string | undefined;
export declare function obtainNatsServer(options?: {
  readonly cache?: string;
  readonly say?: (message: string) => void;
}): Promise<string>;
export declare function natsServerVersion(binary: string): string;
export declare function freePort(): Promise<number>;
export declare function startNatsServer(options?: NatsServerOptions): Promise<NatsServer>;
