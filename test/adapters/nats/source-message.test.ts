import { headers } from '@nats-io/transport-node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePayload, notUtf8Mark, plainHeaders } from '../../../src/adapters/nats/source-message.js';

describe('a payload as text', () => {
  it('is the text that was encoded, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(decodePayload(new TextEncoder().encode(text))).toBe(text);
      }),
    );
  });

  it('keeps a replacement character that was really sent', () => {
    expect(decodePayload(new TextEncoder().encode('{"a":"\uFFFD"}'))).toBe('{"a":"\uFFFD"}');
  });

  it('never parses as JSON when the bytes are not UTF-8', () => {
    const latin1 = Buffer.from('{"name":"caf\xe9"}', 'latin1');
    const text = decodePayload(latin1);
    expect(text.startsWith(notUtf8Mark)).toBe(true);
    expect(() => JSON.parse(text)).toThrow();
    expect(text).toContain('"name"');
  });

  it('is read from a view into a larger buffer', () => {
    const bytes = new Uint8Array(Buffer.from('xx{"é":1}yy')).subarray(2, 10);
    expect(decodePayload(bytes)).toBe('{"é":1}');
  });
});

describe('headers', () => {
  it('are a plain record, several values joined, none at all undefined', () => {
    const some = headers();
    some.set('A', '1');
    some.append('B', 'x');
    some.append('B', 'y');
    expect(plainHeaders(some)).toEqual({ A: '1', B: 'x, y' });
    expect(plainHeaders(headers())).toBeUndefined();
    expect(plainHeaders(undefined)).toBeUndefined();
  });
});
