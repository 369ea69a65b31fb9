import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../../inference/core/errors.js';
import { memoryChannelPair } from '../../../inference/net/memory-channel.js';
import { protocolDigest } from '../../../inference/run/agreement.js';
import { bucketOf, receiveRequest, sendRequest } from '../../../inference/run/request.js';

describe('request', () => {
  it('pads to the next power of two, at least 8', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1 << 20 }), (tokens) => {
        const bucket = bucketOf(tokens);
        expect(bucket).toBeGreaterThanOrEqual(Math.max(8, tokens));
        expect(Number.isInteger(Math.log2(bucket))).toBe(true);
        expect(bucket === 8 || bucket / 2 < tokens).toBe(true);
      }),
    );
  });

  it('arrives as it was sent', async () => {
    const [server, client] = memoryChannelPair();
    sendRequest(client, { kind: 'classify', bucket: 64 });
    sendRequest(client, { kind: 'goodbye' });
    expect(await receiveRequest(server, 100)).toEqual({ kind: 'classify', bucket: 64 });
    expect(await receiveRequest(server, 100)).toEqual({ kind: 'goodbye' });
  });

  it('refuses every length that is not a bucket of the model, and other operations', async () => {
    const [server, client] = memoryChannelPair();
    for (const bucket of [0, 1, 4, 7, 9, 63, 256, 2 ** 31, 2 ** 32 - 1]) {
      sendRequest(client, { kind: 'classify', bucket });
      await expect(receiveRequest(server, 100)).rejects.toThrow(ProtocolError);
    }
    client.send(Uint8Array.of(9, 0, 0, 0, 8, 0, 0, 0));
    await expect(receiveRequest(server, 100)).rejects.toThrow('unknown operation 9');
  });
});

describe('agreement', () => {
  it('has another digest for any other option', () => {
    expect(protocolDigest()).toEqual(protocolDigest());
    expect(protocolDigest({ linear: 'rlwe-4096' })).not.toEqual(protocolDigest());
  });
});
