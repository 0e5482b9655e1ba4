import { Inject, Injectable, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService, HealthIndicatorService } from '@nestjs/terminus';
import type { HealthIndicatorFunction, HealthIndicatorResult } from '@nestjs/terminus';
import type { EngineControl } from '../../ports/control.js';
import type { Log } from '../../ports/log.js';
import { tokens } from '../app-dependencies.js';
import type { ReadinessCheck } from '../app-dependencies.js';
import { apiLimits } from '../app-limits.js';
import type { ResolvedOptions } from '../app-options.js';
import { ProblemError } from '../problem/problem.js';
import { judgeCheckpointAge } from './checkpoint-age.js';
import type { HealthReport } from './health-dto.js';

type Verdict = ReturnType<ReadinessCheck['check']>;

@Injectable()
export class HealthService {
  private wasReady: boolean | undefined;

  constructor(
    @Inject(HealthCheckService) private readonly terminus: HealthCheckService,
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(tokens.control) private readonly control: EngineControl,
    @Inject(tokens.readiness) private readonly readiness: readonly ReadinessCheck[],
    @Inject(tokens.options) private readonly options: ResolvedOptions,
    @Inject(tokens.log) private readonly log: Log,
    @Inject(tokens.now) private readonly now: () => number,
  ) {}

  /** Alive: answering, and the engine is not beyond recovery. A restart is the remedy if not. */
  live(): Promise<HealthReport> {
    return this.report([
      this.indicator('engine', async () => {
        const { state, failure } = await this.control.status();
        return { ok: state !== 'failed', detail: failure === undefined ? state : `${state}: ${failure.message}` };
      }),
    ]);
  }

  /** Ready: the engine runs, its checkpoints are recent, and every check of the service holds. */
  async ready(): Promise<HealthReport> {
    try {
      const report = await this.report([
        this.indicator('engine', () => this.engineRuns()),
        this.indicator('checkpoint', () => this.checkpointAge()),
        ...this.readiness.map(({ name, check }) => this.indicator(name, check)),
      ]);
      this.noteReadiness(true, 'all checks hold');
      return report;
    } catch (error) {
      if (error instanceof ProblemError) this.noteReadiness(false, error.message);
      throw error;
    }
  }

  private async engineRuns(): Promise<Verdict> {
    const { state, failure } = await this.control.status();
    return { ok: state === 'running', detail: failure === undefined ? state : `${state}: ${failure.message}` };
  }

  private async checkpointAge(): Promise<Verdict> {
    const ageMsMax = this.options.checkpointAgeMsMax ?? apiLimits.checkpointAgeMsMax;
    return judgeCheckpointAge(await this.control.status(), this.now(), ageMsMax);
  }

  /** A check that throws is a check that fails. */
  private indicator(name: string, check: () => Verdict | Promise<Verdict>): HealthIndicatorFunction {
    return async () => {
      const session = this.indicators.check(name);
      try {
        const { ok, detail } = await check();
        return ok ? session.up({ detail }) : session.down({ detail });
      } catch (error) {
        return session.down({ detail: error instanceof Error ? error.message : 'the check failed' });
      }
    };
  }

  private async report(indicators: readonly HealthIndicatorFunction[]): Promise<HealthReport> {
    try {
      const { details } = await this.terminus.check([...indicators]);
      return { status: 'ok', checks: details };
    } catch (error) {
      if (error instanceof ServiceUnavailableException) throw notReady(error.getResponse());
      throw error;
    }
  }

  /** Logged when it changes, not at every probe. */
  private noteReadiness(ready: boolean, reason: string): void {
    if (this.wasReady === ready) return;
    this.wasReady = ready;
    this.log[ready ? 'info' : 'warn'](ready ? 'ready' : 'not ready', { component: 'api', reason });
  }
}

/** Terminus answers `{status, info, error, details}`; its `details` hold every check. */
function notReady(response: unknown): ProblemError {
  const { status, details } = response as { status: string; details: HealthIndicatorResult };
  const failed = Object.entries(details).filter(([, check]) => check.status === 'down');
  const reasons = failed.map(([name, check]) => `${name}: ${String(check['detail'])}`);
  const detail = status === 'shutting_down' ? 'The service is shutting down.' : reasons.join('; ');
  return new ProblemError('not-ready', { detail, extensions: { checks: details } });
}
