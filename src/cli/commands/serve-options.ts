/** What `weir serve` is told, from the command line or the environment. */
export interface ServeOptions {
  readonly rules: readonly string[];
  readonly state: string;
  readonly data: string;
  readonly namespace: string;
  readonly nats: string;
  readonly natsUser?: string;
  readonly natsPassword?: string;
  readonly natsToken?: string;
  readonly natsNkey?: string;
  readonly natsCreds?: string;
  readonly natsCa?: string;
  readonly natsCert?: string;
  readonly natsKey?: string;
  readonly natsApi: boolean;
  readonly natsApiPrefix: string;
  readonly alertStream: string;
  readonly alertPrefix: string;
  readonly acceptLostAlerts?: boolean;
  readonly host: string;
  readonly port: string;
  readonly token?: string;
  readonly checkpointInterval: string;
  readonly checkpointPause: string;
  readonly logLevel: string;
}
