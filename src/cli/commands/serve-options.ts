import type { NatsFlags } from '../nats-options.js';

/** What `weir serve` is told, from the command line or the environment. */
export interface ServeOptions extends NatsFlags {
  readonly rules: readonly string[];
  readonly state: string;
  readonly shards: string;
  readonly data: string;
  readonly namespace: string;
  readonly natsApi: boolean;
  readonly natsApiPrefix: string;
  readonly alertStream: string;
  readonly alertPrefix: string;
  readonly acceptLostAlerts?: boolean;
  readonly lease: string;
  readonly leaseBucket: string;
  readonly standby?: boolean;
  readonly host: string;
  readonly port: string;
  readonly token?: string;
  readonly checkpointInterval: string;
  readonly checkpointPause: string;
  readonly stateMemory?: string;
  readonly savepoints?: string;
  readonly retained: string;
  readonly retainInterval: string;
  readonly recoverFrom?: string;
  readonly stopWithin: string;
  readonly logLevel: string;
}
