import { Inject, Injectable } from '@nestjs/common';
import type { EngineControl, SourceStatus } from '../../ports/control.js';
import { tokens } from '../app-dependencies.js';
import type { SourceStatusDto } from './status-parts-dto.js';
import type { StatusDto } from './status-dto.js';

@Injectable()
export class StatusService {
  constructor(
    @Inject(tokens.control) private readonly control: EngineControl,
    @Inject(tokens.now) private readonly now: () => number,
  ) {}

  async status(): Promise<StatusDto> {
    const status = await this.control.status();
    const nowMs = this.now();
    return { ...status, sources: status.sources.map((source) => withLag(source, nowMs)) };
  }
}

/** A bounded source ends with a watermark of +∞, which has no lag and no place in JSON. */
function withLag(source: SourceStatus, nowMs: number): SourceStatusDto {
  const { watermarkMs } = source;
  const known = watermarkMs !== null && Number.isFinite(watermarkMs);
  return { ...source, watermarkMs: known ? watermarkMs : null, lagMs: known ? Math.max(0, nowMs - watermarkMs) : null };
}
