import { afterEach, describe, expect, it } from 'vitest';
import type { Backend } from '../../../inference/backends/backend.js';
import { CleartextBackend } from '../../../inference/backends/cleartext/cleartext-backend.js';
import { dataOf } from '../../../inference/backends/local-backend.js';
import { type Joining, scopedBackend, withinScope } from '../../../inference/backends/scoped-backend.js';
import type { SharedTensor } from '../../../inference/core/tensors.js';
import { giveBack, poisonWords } from '../../../inference/core/words.js';
import { scoped, scopedLocally } from '../../../inference/functions/scoped.js';

const SIZE = 300;
const POISON = 0xa5a5_a5a5_a5a5_a5a5n;

const tensor = (mpc: Backend, value: number): SharedTensor => mpc.constant(value, [SIZE], 20, 0);
const first = (x: SharedTensor): bigint => dataOf(x)[0]!;
const open = (): Backend => scopedBackend(new CleartextBackend());

afterEach(() => poisonWords());

describe('a scope', () => {
  it('ends with what is not in its result, and keeps the rest', () => {
    const mpc = open();
    const left: SharedTensor[] = [];
    const { kept } = scopedLocally(mpc, () => {
      left.push(tensor(mpc, 1));
      return { kept: [mpc.add(left[0]!, tensor(mpc, 2))], rows: 3, none: null };
    });
    expect(first(kept[0]!)).toBe(3n);
    expect(first(left[0]!)).toBe(POISON);
  });

  it('keeps what shares memory with its result or with what was there before', async () => {
    const mpc = open();
    const before = tensor(mpc, 5);
    const result = await scoped(mpc, async () => {
      mpc.reshape(before, [SIZE / 2, 2]);
      return mpc.reshape(mpc.add(before, before), [2, SIZE / 2]);
    });
    expect([first(before), first(result)]).toEqual([5n, 10n]);
  });

  it('leaves its result to the scope around it', () => {
    const mpc = open();
    let inner: SharedTensor | null = null;
    const outer = scopedLocally(mpc, () => {
      inner = scopedLocally(mpc, () => tensor(mpc, 7));
      expect(first(inner)).toBe(7n);
      return mpc.add(inner, inner);
    });
    expect([first(outer), first(inner!)]).toEqual([14n, POISON]);
  });

  it('has the tensors of work side by side, each strand with scopes of its own', async () => {
    // Strands that end in another order than they began in.
    const backend = new CleartextBackend();
    const together: Backend['together'] = (tasks) => Promise.all(tasks.map((task) => task(backend)));
    const mpc = scopedBackend(Object.assign(backend, { together }));
    let passed: (value: unknown) => void = () => undefined;
    const gate = new Promise((resolve) => {
      passed = resolve;
    });
    const strays: SharedTensor[] = [];
    const sum = await scoped(mpc, async () => {
      const [a, b] = await mpc.together!([
        async (lane) =>
          scoped(lane, async () => {
            const x = tensor(lane, 1);
            await gate;
            return lane.add(x, x);
          }),
        async (lane) => {
          strays.push(tensor(lane, 2));
          passed(null);
          return scoped(lane, async () => lane.add(strays[0]!, strays[0]!));
        },
      ]);
      expect([first(a!), first(b!), first(strays[0]!)]).toEqual([2n, 4n, 2n]);
      return mpc.add(a!, b!);
    });
    expect([first(sum), first(strays[0]!)]).toEqual([6n, POISON]);
  });

  it('gives nothing back where it fails, and refuses results that hide tensors', async () => {
    const mpc = open();
    let made: SharedTensor | null = null;
    const failing = scoped(mpc, async () => {
      made = tensor(mpc, 9);
      throw new Error('lost');
    });
    await expect(failing).rejects.toThrow('lost');
    expect(first(made!)).toBe(9n);
    expect(() => scopedLocally(mpc, () => () => made)).toThrow('got a function');
    const after = scopedLocally(mpc, () => tensor(mpc, 4));
    expect(first(after)).toBe(4n);
  });

  it("of a backend's own chain ends with its result alone, which the scope around the operation has then", async () => {
    const raw = new CleartextBackend();
    const inner: SharedTensor[] = [];
    // As the two-party backend reads long tables: x may come back under another shape, and its memory is not the chain's.
    const chain = (x: SharedTensor) =>
      withinScope(raw as unknown as Joining, x, async (lane) => {
        const doubled = lane.add(lane.reshape(x, [SIZE]), x);
        inner.push(doubled);
        return lane.add(doubled, x);
      });
    const mpc = scopedBackend(Object.assign(raw, { lines: chain }));
    const x = tensor(mpc, 5);
    let threefold: SharedTensor | null = null;
    const sum = await scoped(mpc, async () => {
      threefold = await mpc.lines!(x, null as never, chain as never);
      return mpc.add(threefold, x);
    });
    expect([first(sum), first(x)]).toEqual([20n, 5n]);
    // What the chain made served the sum.
    expect(dataOf(inner[0]!).buffer).toBe(dataOf(sum).buffer);
    expect(first(threefold!)).toBe(POISON);
  });

  it("of a backend's own chain leaves what nobody held to who asked", async () => {
    const raw = new CleartextBackend();
    const x = tensor(raw, 5);
    const result = await withinScope(raw as unknown as Joining, x, async (lane) =>
      lane.add(lane.reshape(x, [SIZE]), x),
    );
    expect([first(x), first(result)]).toEqual([5n, 10n]);
    giveBack(dataOf(x), dataOf(result));
    expect([first(x), first(result)]).toEqual([POISON, POISON]);
  });
});
