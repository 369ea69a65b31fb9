/**
 * Batches from pools that hold a part of what they need: calls of several texts are merged, some are served, others not, and what is
 * opened is what it is in the clear. Nothing is taken twice.
 */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Backend } from '../../../../../inference/backends/backend.js';
import { runBatch } from '../../../../../inference/backends/batching/run-batch.js';
import { CleartextBackend } from '../../../../../inference/backends/cleartext/cleartext-backend.js';
import {
  PackedStore,
  type TakenField,
} from '../../../../../inference/backends/two-party/ahead/packed-store.js';
import { openTwoParty, type TwoParty } from '../../../../../inference/backends/two-party/open-two-party.js';
import { Demand } from '../../../../../inference/material/demand.js';
import { GilboaLinear } from '../../../../support/gilboa-linear.js';
import { type TestParty, testParties } from '../../../../support/two-parties.js';
import { inputOf, laneRows, prepareWeight, programs, runProgram, type Step } from '../../batching/program.js';

/** Equal ones of so many random bits do not happen by chance. */
const UNMISTAKABLE_BITS = 60;

/** Items as they leave stores, by their stores and contents. */
let taken: Map<PackedStore, string[]>;

const bitsOf = (stream: ArrayLike<number>): string =>
  Array.from(stream, (byte) => byte.toString(2).padStart(8, '0').split('').reverse().join('')).join('');

/** The contents of each item. */
function contentsOf({ fields }: PackedStore, items: number, values: readonly TakenField[]): string[] {
  const cells = fields.map(({ as, width, bits }, f) => {
    const cell =
      as === 'stream' ? bitsOf(values[f] as Uint8Array).slice(0, items * width * bits) : [...values[f]!];
    return (i: number) => cell.slice((i * cell.length) / items, ((i + 1) * cell.length) / items).toString();
  });
  return Array.from({ length: items }, (_, i) => cells.map((cell) => cell(i)).join(' '));
}

beforeEach(() => {
  taken = new Map();
  const { take } = PackedStore.prototype;
  vi.spyOn(PackedStore.prototype, 'take').mockImplementation(function spied(this: PackedStore, items) {
    const values = take.call(this, items);
    const bits = this.fields.reduce((sum, field) => sum + field.width * field.bits, 0);
    if (bits >= UNMISTAKABLE_BITS)
      taken.set(this, [...(taken.get(this) ?? []), ...contentsOf(this, items, values)]);
    return values;
  });
});
afterEach(() => vi.restoreAllMocks());

function pairOf(seed: number): readonly [TwoParty, TwoParty] {
  const { server, client } = testParties(seed);
  const open = ({ session, cots, ...party }: TestParty) =>
    openTwoParty({ session, cots, linear: new GilboaLinear({ ...party, session, cots }) });
  return [open(server), open(client)];
}

/** The same batch, again and again on one connection. */
function batches(rows: readonly number[], program: readonly Step[]) {
  const begin = async (mpc: Backend, server: boolean, client: boolean) => {
    const weight = await prepareWeight(mpc, server);
    return () =>
      runBatch(mpc, rows.length, (lane, i) =>
        runProgram(lane, program, inputOf(rows[i]!, i), weight, client),
      );
  };
  return {
    expected: async () => (await begin(new CleartextBackend(), true, true))(),
    begin: ({ mpc }: TwoParty) => begin(mpc, mpc.self === 'server', mpc.self === 'client'),
  };
}

const shareOf = (demand: Demand, share: number): Demand =>
  Demand.of(demand.entries.map(([correlation, count]) => [correlation, Math.floor(share * count)]));

describe('a batch from pools that hold a part', () => {
  it('opens what it does in the clear, and takes nothing twice', async () => {
    let served = 0;
    await fc.assert(
      fc.asyncProperty(
        programs,
        laneRows,
        fc.double({ min: 0.05, max: 1.5, noNaN: true }),
        async (program, rows, share) => {
          const { expected, begin } = batches(rows, program);
          const parties = pairOf(3);
          const [server, client] = parties;
          const runs = await Promise.all(parties.map(begin));
          const clear = await expected();
          const once = async () => {
            expect(await Promise.all(runs.map((run) => run()))).toEqual([clear, clear]);
            const [items, others] = parties.map(({ material }) => material.stock().items.toJSON());
            expect(items).toEqual(others);
            return server.material.stock().items;
          };
          await once();
          const part = shareOf(server.material.demand(), share);
          await Promise.all([server, client].map(({ material }) => material.prepareAhead(part)));
          const filled = server.material.stock().items;
          const first = await once();
          const second = await once();
          for (const [correlation, count] of first.entries) {
            if (correlation.kind !== 'cots') expect(count).toBeLessThanOrEqual(filled.of(correlation));
            if (correlation.kind !== 'cots') expect(second.of(correlation)).toBeLessThanOrEqual(count);
          }
          for (const items of taken.values()) {
            expect(new Set(items).size).toBe(items.length);
            served += items.length;
          }
          taken.clear();
        },
      ),
      { numRuns: 100 },
    );
    expect(served).toBeGreaterThan(100);
  });
});
