import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Backend } from '../../../../inference/backends/backend.js';
import { runBatch } from '../../../../inference/backends/batching/run-batch.js';
import { CleartextBackend } from '../../../../inference/backends/cleartext/cleartext-backend.js';
import { encode } from '../../../../inference/core/ring-tensor.js';
import { span } from '../../../../inference/core/span.js';
import type { SharedTensor } from '../../../../inference/core/tensors.js';
import { inputOf, laneRows, prepareWeight, programs, runProgram } from './program.js';

/** The names of communicating operations in the order in which they reach the backend, with the sizes of their inputs. */
function recording(): { readonly mpc: Backend; readonly calls: string[] } {
  const calls: string[] = [];
  const mpc = new Proxy(new CleartextBackend() as Backend, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        const result: unknown = member.apply(target, args);
        const { shape } = (args[0] ?? {}) as Partial<SharedTensor>;
        if (result instanceof Promise) calls.push(`${String(property)} [${shape ?? ''}]`);
        return result;
      };
    },
  });
  return { mpc, calls };
}

async function shared(mpc: Backend, values: readonly number[], ringBits = 20): Promise<SharedTensor> {
  const value = encode(Float64Array.from(values), [values.length], { ringBits, fractionBits: 0 });
  return mpc.share({ kind: 'private', owner: 'client', ...value, value });
}

const opened = async (mpc: Backend, x: SharedTensor) =>
  Array.from((await mpc.reveal(x, 'all', 'logits'))!.data, Number);

describe('a batch', () => {
  it('gives each lane what it would get alone, whatever the program and the lengths', async () => {
    await fc.assert(
      fc.asyncProperty(programs, laneRows, async (program, rows) => {
        const mpc = new CleartextBackend();
        const weight = await prepareWeight(mpc, true);
        const alone: bigint[][] = [];
        for (const [lane, count] of rows.entries())
          alone.push(await runProgram(mpc, program, inputOf(count, lane), weight, true));
        const together = await runBatch(mpc, rows.length, (backend, lane) =>
          runProgram(backend, program, inputOf(rows[lane]!, lane), weight, true),
        );
        expect(together).toEqual(alone);
      }),
      { numRuns: 200 },
    );
  });

  it('makes one call of the calls of all lanes', async () => {
    const { mpc, calls } = recording();
    const results = await runBatch(mpc, 3, async (lane, index) => {
      const x = await shared(lane, [index + 1, index + 2].slice(0, index + 1));
      return opened(lane, await lane.square(await lane.widen(x, 24)));
    });
    expect(results).toEqual([[1], [4, 9], [9, 16]]);
    expect(calls).toEqual(['share [5]', 'widen [5]', 'square [5]', 'reveal [5]']);
  });

  it('waits for lanes with longer loops at the end of the span, and joins them again', async () => {
    const { mpc, calls } = recording();
    await runBatch(mpc, 2, async (lane, index) => {
      let x = await shared(lane, [2]);
      x = await span('loop', async () => {
        for (let i = 0; i <= 2 * index; i++) x = await lane.square(x);
        return x;
      });
      await lane.widen(lane.narrow(x, 18), 20);
    });
    expect(calls).toEqual(['share [2]', 'square [2]', 'square [1]', 'square [1]', 'widen [2]']);
  });

  it('lets lanes end early', async () => {
    const { mpc, calls } = recording();
    const results = await runBatch(mpc, 3, async (lane, index) => {
      let x = await shared(lane, [1]);
      for (let i = 0; i < index; i++) x = await lane.widen(x, x.ringBits + 2);
      return x.ringBits;
    });
    expect(results).toEqual([20, 22, 24]);
    expect(calls).toEqual(['share [3]', 'widen [2]', 'widen [1]']);
  });

  it('tells what each lane opens', async () => {
    const leaks: string[] = [];
    const merged: string[] = [];
    const mpc = new CleartextBackend({ recordLeak: (name) => merged.push(name) });
    await runBatch(
      mpc,
      2,
      async (lane, index) => {
        const x = await shared(lane, [1, -1]);
        for (let i = 0; i <= index; i++)
          await lane.revealBits(await lane.isNegative(x), 'all', 'kept-token-count');
        await lane.reveal(x, 'client', 'logits');
      },
      (lane, name, to) => leaks.push(`${lane} ${name} ${to}`),
    );
    expect([...leaks].sort()).toEqual([
      '0 kept-token-count all',
      '0 logits client',
      '1 kept-token-count all',
      '1 kept-token-count all',
      '1 logits client',
    ]);
    expect(merged.length).toBe(4);
  });

  it('fails as a whole with the error of the lane that failed, and leaves none waiting', async () => {
    const ended: number[] = [];
    const batch = runBatch(new CleartextBackend(), 3, async (lane, index) => {
      try {
        const x = await shared(lane, [1]);
        if (index === 1) throw new Error('lane 1 has had enough');
        await lane.square(x);
      } finally {
        ended.push(index);
      }
    });
    await expect(batch).rejects.toThrow('lane 1 has had enough');
    expect(ended.sort()).toEqual([0, 1, 2]);
  });

  it('fails if a merged call fails', async () => {
    const batch = runBatch(new CleartextBackend(), 2, async (lane) => lane.widen(await shared(lane, [1]), 3));
    await expect(batch).rejects.toThrow(
      'widen: expected 20 to 64 bits for [2] in 20 bits with 0 fraction bits, got 3',
    );
  });

  it('refuses arguments that only fit when flattened', async () => {
    await runBatch(new CleartextBackend(), 2, async (lane) => {
      const x = lane.reshape(await shared(lane, [1, 2, 3, 4]), [2, 2]);
      const y = lane.reshape(x, [4, 1]);
      await expect(lane.multiply(x, y)).rejects.toThrow('multiply: expected a prefix of [2, 2] in 20 bits');
      await expect(lane.linear(x, await prepareWeight(lane, true))).rejects.toThrow('linear: expected');
    });
  });
});
