import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type * as promises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { recoverDirectory, replaceDirectory } from '../../model/replace-directory.js';

/** Calls of the file system until the process is killed: from then on nothing that it asks for happens. */
let callsLeft = Number.POSITIVE_INFINITY;
let killed: () => void = () => undefined;
let isFull = false;

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof promises>();
  const mortal = <F extends (...values: never[]) => unknown>(call: F): F =>
    ((...values: Parameters<F>) => {
      if (callsLeft-- > 0) return call(...values);
      killed();
      return new Promise(() => undefined);
    }) as F;
  const open: typeof real.open = async (...values) => {
    const handle = await mortal(real.open)(...values);
    const [writeFile, sync] = [handle.writeFile.bind(handle), handle.sync.bind(handle)];
    handle.writeFile = isFull
      ? () => Promise.reject(Object.assign(new Error('ENOSPC: no space left'), { syscall: 'write' }))
      : mortal(writeFile);
    handle.sync = mortal(sync);
    return handle;
  };
  return { ...real, open, mkdir: mortal(real.mkdir), rename: mortal(real.rename), rm: mortal(real.rm) };
});

const folder = mkdtempSync(join(tmpdir(), 'replace-'));
afterAll(() => rmSync(folder, { recursive: true }));
const target = join(folder, 'model');
const files = (content: string) => new Map([['a.txt', content], ['part/b.txt', content]]); // biome-ignore format: one idea a line
const contents = (): string[] =>
  ['a.txt', 'part/b.txt'].map((name) => readFileSync(join(target, name), 'utf8'));

/** Runs until it is done or killed; true if it was done. */
async function untilKilled(work: () => Promise<void>, calls: number): Promise<boolean> {
  const death = new Promise<boolean>((resolve) => {
    killed = () => resolve(false);
  });
  callsLeft = calls;
  const done = await Promise.race([work().then(() => true), death]);
  callsLeft = Number.POSITIVE_INFINITY;
  return done;
}

let said = '';
beforeEach(() => {
  said = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((line) => {
    said += String(line);
    return true;
  });
  // Whoever left something is dead.
  vi.spyOn(process, 'kill').mockImplementation(() => {
    throw Object.assign(new Error('no such process'), { code: 'ESRCH' });
  });
});
afterEach(() => vi.restoreAllMocks());

describe('a directory that is replaced', () => {
  it('names the folder that it does not write, and leaves the old one', async () => {
    await replaceDirectory(target, files('old'));
    isFull = true;
    const failed = replaceDirectory(target, files('new'));
    await expect(failed).rejects.toThrow(`${target}: not written: ENOSPC: no space left`);
    isFull = false;
    expect(contents()).toEqual(['old', 'old']);
    expect(readdirSync(folder)).toEqual(['model']);
    rmSync(target, { recursive: true });
  });

  it('is the old or the new one, whole, wherever the process is killed; what it left is removed with a word', async () => {
    let calls = 0;
    for (let done = false; !done; calls++) {
      rmSync(folder, { recursive: true });
      await replaceDirectory(target, files('old'));
      done = await untilKilled(() => replaceDirectory(target, files('new')), calls);
      await recoverDirectory(target);
      const [a, b] = contents();
      expect(a, `after ${calls} calls`).toBe(b);
      expect(['old', 'new']).toContain(a);
      const left = readdirSync(folder).length - 1;
      said = '';
      await replaceDirectory(target, files('newer'));
      expect(contents()).toEqual(['newer', 'newer']);
      expect(readdirSync(folder)).toEqual(['model']);
      expect(said.match(/removed .*model\..*\.tmp/g)?.length ?? 0, `after ${calls} calls`).toBe(left);
    }
    // Two files with their folders, two moves, and the removal of the old one.
    expect(calls).toBeGreaterThan(10);
  });

  it('never appears half, where there was none before', async () => {
    for (let calls = 0, done = false; !done; calls++) {
      rmSync(folder, { recursive: true, force: true });
      done = await untilKilled(() => replaceDirectory(target, files('new')), calls);
      await recoverDirectory(target);
      if (existsSync(target)) expect(contents()).toEqual(['new', 'new']);
    }
    expect(contents()).toEqual(['new', 'new']);
  });

  it('leaves alone what a living process is filling', async () => {
    await untilKilled(() => replaceDirectory(target, files('theirs')), 5);
    vi.mocked(process.kill).mockImplementation(() => true);
    const before = readdirSync(folder).filter((name) => name.endsWith('.tmp'));
    expect(before).toHaveLength(1);
    await replaceDirectory(target, files('ours'));
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual(before);
  });
});
