/** The thread of base OTs, with a worker in its place that does as the test says. */
import type { EventEmitter } from 'node:events';
import { expect, it, vi } from 'vitest';

const workers = vi.hoisted(() => [] as (EventEmitter & { readonly calls: { readonly id: number }[] })[]);

vi.mock('node:worker_threads', async () => {
  const { EventEmitter } = await import('node:events');
  class Worker extends EventEmitter {
    readonly calls: { readonly id: number }[] = [];
    constructor() {
      super();
      workers.push(this);
    }
    ref(): void {}
    unref(): void {}
    postMessage(call: { readonly id: number }): void {
      this.calls.push(call);
    }
  }
  return { Worker };
});

it('is replaced when it fails, by one that stays whatever the old one still says', async () => {
  const { serverBaseOtMath } = await import('../../../../inference/crypto/ot/base-ot-thread.js');
  const seed = new Uint8Array(64);
  const first = serverBaseOtMath.point(seed);
  workers[0]!.emit('error', new Error('out of memory'));
  await expect(first).rejects.toThrow('out of memory');
  const second = serverBaseOtMath.point(seed);
  workers[0]!.emit('exit', 1);
  const third = serverBaseOtMath.point(seed);
  expect(workers).toHaveLength(2);
  for (const { id } of workers[1]!.calls) workers[1]!.emit('message', { id, result: Uint8Array.of(id) });
  expect(await Promise.all([second, third])).toEqual([Uint8Array.of(0), Uint8Array.of(1)]);
});
