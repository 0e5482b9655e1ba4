import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../../scripts/generate-jsonata-sync.mjs', import.meta.url));
const generated = fileURLToPath(new URL('../../../src/adapters/jsonata/generated/jsonata-sync.cjs', import.meta.url));

describe('the generated synchronous library', () => {
  it('is not written again when nothing changed', () => {
    execFileSync(process.execPath, [script]);
    const before = statSync(generated).mtimeMs;
    execFileSync(process.execPath, [script]);
    expect(statSync(generated).mtimeMs).toBe(before);
  });

  it('keeps the licence, and neither awaits nor asks for the time', () => {
    const text = readFileSync(generated, 'utf8');
    expect(text).toContain('Permission is hereby granted, free of charge');
    expect(text).not.toMatch(/\basync (function|\()/);
    expect(text).not.toMatch(/\bawait /);
    expect(text).not.toMatch(/new Date\(\)/);
  });
});
