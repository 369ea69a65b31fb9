import { describe, expect, it } from 'vitest';
import { chainOf } from '../../bench/three-party/chain.js';
import { shapesOf } from '../../bench/counted.js';
import { FINEST_LOGITS } from '../../inference/core/answer.js';
import { estimateNodesCost } from '../../inference/cost/nodes-cost.js';
import { methodReference } from '../../methods/reference.js';
import { benchNodes } from '../../bench/three-party/inference.js';
import type { TraceEvent } from '../../bench/trace.js';
import { cipherPrune } from '../../methods/cipherprune/index.js';

const NOW = { span: 0, at: 0, idle: 0 };
const sent = (to: number, bytes: number): TraceEvent => ({ kind: 'sent', to, bytes, ...NOW });
const received = (from: number, bytes: number): TraceEvent => ({ kind: 'received', from, bytes, ...NOW });
const begin = (name: string, at: number): TraceEvent => ({
  ...{ kind: 'begin', name, layer: null, within: null },
  ...{ at, idle: 0 },
});
const end = (at: number): TraceEvent => ({ kind: 'end', span: 0, at, idle: 0 });

describe('the longest chain of messages', () => {
  it('counts what waited, not what crossed', () => {
    const chain = chainOf([
      [begin('text', 0), sent(2, 8), sent(2, 8), end(1)],
      [begin('text', 0), sent(2, 4), received(2, 4), sent(2, 4), received(2, 4), end(9)],
      [
        begin('text', 0),
        received(0, 8),
        sent(1, 4),
        received(1, 4),
        received(0, 8),
        sent(1, 4),
        received(1, 4),
        end(7),
      ],
    ]);
    // Node 0's first message, then two exchanges.
    expect(chain).toEqual({
      bytes: 32,
      messages: 3,
      spans: [{ name: 'text', layer: null, path: [], milliseconds: 7, bytes: 32, messages: 3 }],
    });
  });

  it('reads messages in other pieces than they were sent', () => {
    const chain = chainOf([
      [sent(1, 3), sent(1, 5)],
      [received(0, 6), received(0, 2), sent(2, 1)],
      [received(1, 1)],
    ]);
    expect(chain).toEqual({ bytes: 9, messages: 2, spans: [] });
  });

  it('refuses traces that do not belong together', () => {
    expect(() => chainOf([[sent(1, 3)], [received(0, 4)], []])).toThrow(/what a node received/);
  });
});

describe('bench inference --parties 3', () => {
  it('has the documented fields, of processes over sockets', async () => {
    const figure = await benchNodes({
      model: 'bert-tiny',
      method: cipherPrune,
      tokens: 16,
      schedule: [16, 6],
      network: 'loopback',
      importantRatio: 0.5,
      texts: 1,
      batch: 1,
      check: true,
      seed: 1,
      onProgress: () => undefined,
    });
    expect(figure).toMatchObject({
      model: 'bert-tiny',
      tokens: 16,
      method: 'cipherprune',
      parties: 3,
      schedule: [16, 6],
      network: 'loopback',
      offlineBytes: 0,
    });
    expect(figure.maxAbsError).toBeLessThan(0.1);
    const shapes = { ...shapesOf('bert-tiny'), method: methodReference(cipherPrune) };
    // What a layer computes on has left the one before.
    const counted = await estimateNodesCost(shapes, {
      bucket: 16,
      schedule: figure.layers.slice(1),
      answer: FINEST_LOGITS,
    });
    const { bytes, clientBytes, rounds } = figure;
    expect({ bytes, clientBytes, rounds }).toEqual({
      bytes: counted.bytes,
      clientBytes: counted.clientBytes,
      rounds: counted.rounds,
    });
    expect(figure.peakMemoryBytes.nodes).toHaveLength(3);
    expect(Math.min(...figure.peakMemoryBytes.nodes, figure.peakMemoryBytes.client)).toBeGreaterThan(2 ** 24);
    // The public part travels once; what a client is beside Node is less than all that it takes.
    const { first, later } = figure.connections;
    expect(first.bytes).toBeGreaterThan(1_000_000);
    expect(later.bytes).toBe(3 * (5 + 54 + 1));
    expect(figure.bareMemoryBytes).toBeLessThan(figure.peakMemoryBytes.client);
    if (process.platform === 'linux')
      expect(figure.ownMemoryBytes).toBeLessThan(figure.peakMemoryBytes.client);
    expect(figure.layers.map(({ kept }) => kept)).toEqual([16, 6]);
    // What layers and protocols cost is part of the whole.
    const sum = (name: 'bytes' | 'rounds') => figure.layers.reduce((total, layer) => total + layer[name], 0);
    expect(sum('bytes')).toBeLessThan(figure.bytes);
    expect(sum('rounds')).toBeLessThanOrEqual(figure.rounds + 1);
    expect(figure.protocols.map(({ name }) => name)).toContain('softmax');
    expect(figure.batch).toBe(1);
    expect(figure.leaks.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['length-bucket', 'kept-token-count', 'logits']),
    );
  }, 120_000);
});
