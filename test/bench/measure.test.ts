import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const child = fileURLToPath(new URL('./peak-memory-child.ts', import.meta.url));

describe('peak memory', () => {
  it('is that of the process alone, however large its parent', async () => {
    const parentsOwn = new Uint8Array(400 * 2 ** 20).fill(1);
    const process = fork(child, [], { execArgv: ['--import', import.meta.resolve('tsx')] });
    const [bytes] = (await once(process, 'message')) as [number];
    expect(bytes).toBeGreaterThan(20 * 2 ** 20);
    expect(bytes).toBeLessThan(parentsOwn.length);
  });
});
