import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../../inference/core/errors.js';
import { memoryChannelPair } from '../../../inference/net/memory-channel.js';
import { protocolDigest } from '../../../inference/run/protocol-digest.js';
import { batchSizes, bucketOf, receiveRequest, sendRequest } from '../../../inference/run/request.js';

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
    sendRequest(client, { kind: 'resident', weights: 49 });
    sendRequest(client, { kind: 'goodbye' });
    expect(await receiveRequest(server, 100)).toEqual({ kind: 'classify', bucket: 64 });
    expect(await receiveRequest(server, 100)).toEqual({ kind: 'resident', weights: 49 });
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

describe('a batch request', () => {
  const send = async (words: readonly number[], maxTokens = 100) => {
    const [server, client] = memoryChannelPair();
    const bytes = new Uint8Array(4 + 4 * words.length);
    bytes[0] = 3;
    words.forEach((word, i) => {
      new DataView(bytes.buffer).setUint32(4 + 4 * i, word, true);
    });
    client.send(bytes);
    return receiveRequest(server, maxTokens);
  };

  it('arrives as it was sent', async () => {
    const [server, client] = memoryChannelPair();
    const request = { kind: 'classify-batch', buckets: [8, 64, 128, 8] } as const;
    sendRequest(client, request);
    expect(await receiveRequest(server, 100)).toEqual(request);
  });

  it('is refused if it is empty, too large, or holds a length that is no bucket', async () => {
    await expect(send([0])).rejects.toThrow('expected 1 to 64 texts in a batch, got 0');
    await expect(send([65])).rejects.toThrow('expected 1 to 64 texts in a batch, got 65');
    await expect(send([2 ** 32 - 1])).rejects.toThrow(ProtocolError);
    await expect(send([2, 8, 9])).rejects.toThrow('expected a power of two from 8 to 128');
    await expect(send([2, 8, 256])).rejects.toThrow('expected a power of two from 8 to 128');
    const many = Array.from({ length: 17 }, () => 128);
    await expect(send([17, ...many])).rejects.toThrow('at most 2048 padded tokens in a batch, got 2176');
  });

  it('is what batchSizes makes: in order, nothing left out, and as few as fit', () => {
    const buckets = fc.array(fc.constantFrom(8, 16, 32, 64, 128), { maxLength: 90 });
    fc.assert(
      fc.property(buckets, fc.integer({ min: 1, max: 80 }), (lengths, maxTexts) => {
        const sizes = batchSizes(lengths, maxTexts, 128);
        expect(sizes.reduce((a, b) => a + b, 0)).toBe(lengths.length);
        let at = 0;
        for (const size of sizes) {
          const tokens = lengths.slice(at, at + size).reduce((a, b) => a + b, 0);
          at += size;
          expect(size).toBeGreaterThan(0);
          expect(size).toBeLessThanOrEqual(Math.min(maxTexts, 64));
          expect(tokens).toBeLessThanOrEqual(2048);
          const next = lengths[at];
          if (next !== undefined && size < Math.min(maxTexts, 64))
            expect(tokens + next).toBeGreaterThan(2048);
        }
      }),
    );
    expect(batchSizes([4096, 8, 4096], 4, 4096)).toEqual([1, 1, 1]);
  });
});
