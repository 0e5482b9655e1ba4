import { describe, expect, it } from 'vitest';
import { parseDelivery } from '../../../src/adapters/nats/delivery.js';

const expected = { streamSeq: 41, consumerSeq: 7, storedAtMs: 1_700_000_000_123, pending: 12 };

describe('the reply subject of a delivered message', () => {
  it('is read in its short form', () => {
    expect(parseDelivery('$JS.ACK.ORDERS.weir_x_ABC.1.41.7.1700000000123456789.12')).toEqual(expected);
  });

  it('is read with a domain, with and without the random token', () => {
    expect(parseDelivery('$JS.ACK._.ACCHASH.ORDERS.weir_x_ABC.1.41.7.1700000000123456789.12')).toEqual(expected);
    expect(parseDelivery('$JS.ACK.hub.ACCHASH.ORDERS.weir_x_ABC.1.41.7.1700000000123456789.12.xyz')).toEqual(expected);
  });

  it('is not that of anything else', () => {
    expect(parseDelivery(undefined)).toBeUndefined();
    expect(parseDelivery('')).toBeUndefined();
    expect(parseDelivery('_INBOX.abc.1')).toBeUndefined();
    expect(parseDelivery('$JS.ACK.too.short')).toBeUndefined();
  });

  it('holds sequences up to the largest exact number', () => {
    expect(parseDelivery(`$JS.ACK.S.C.1.${Number.MAX_SAFE_INTEGER}.1.1700000000123456789.0`)?.streamSeq).toBe(
      Number.MAX_SAFE_INTEGER,
    );
  });
});
