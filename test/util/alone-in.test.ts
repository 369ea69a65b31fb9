import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { aloneIn } from '../../util/alone-in.js';
import { ending } from '../support/child-processes.js';
import { compiledFile } from '../support/compiled.js';

const folder = mkdtempSync(join(tmpdir(), 'alone-in-'));
const path = join(folder, '.in-use');
afterAll(() => rmSync(folder, { recursive: true }));

const work = (patience = 0) => aloneIn(folder, async () => readFileSync(path, 'utf8'), patience);
/** As this process writes it, of another one. */
const said = async (pid: number): Promise<string> => (await work()).replace(String(process.pid), String(pid));

it('names itself in the folder while it works, and not after a failure', async () => {
  expect(await work()).toMatch(new RegExp(`^[0-9a-f]{6} ${process.pid} [0-9a-f-]{36}\n$`));
  const failing = aloneIn(folder, () => Promise.reject(new Error('full')));
  await expect(failing).rejects.toThrow('full');
  expect(existsSync(path)).toBe(false);
});

it('refuses a folder where this process, or one that lives, is at work', async () => {
  const other = ending(spawn('sleep', ['60']));
  const [own, living] = [process.pid, other.pid!];
  try {
    await aloneIn(folder, async () => {
      await expect(work()).rejects.toThrow(`process ${own} is at work there`);
      expect(existsSync(path)).toBe(true);
    });
    writeFileSync(path, await said(living));
    await expect(work()).rejects.toThrow(`process ${living} is at work there`);
    expect(existsSync(path)).toBe(true);
  } finally {
    other.kill();
  }
  // It ends meanwhile.
  expect(await work(60_000)).toContain(` ${own} `);
});

it.each([
  ['another machine', async () => (await said(process.ppid)).replace(/^.{6}/, 'ffffff')],
  ['an earlier process of the same number', () => said(process.pid)],
  ['a process that was killed while it wrote', async () => ''],
])('takes over what %s left', async (_, left) => {
  writeFileSync(path, await left());
  expect(await work()).toContain(` ${process.pid} `);
});

it('takes over what a process left that was killed as it took over', async () => {
  const [first, second] = [await said(4194304), await said(4194305)]; // No process has such a number.
  writeFileSync(path, first);
  writeFileSync(`${path}-${createHash('sha256').update(first).digest('hex').slice(0, 16)}`, second);
  expect(await work()).toContain(` ${process.pid} `);
  expect(readdirSync(folder)).toEqual([]);
});

it('lets one at a time take over what a killed process left, however many come', async () => {
  // Processes of their own, for each of which the file is another one's.
  const program = `
    const { aloneIn } = await import(process.argv[1]);
    const { openSync, closeSync, rmSync } = await import('node:fs');
    const inside = process.argv[2] + '/inside';
    await aloneIn(process.argv[2], async () => {
      closeSync(openSync(inside, 'wx')); // Fails if another one is in the folder.
      await new Promise((resolve) => setTimeout(resolve, 20));
      rmSync(inside);
    }, 60_000);`;
  writeFileSync(path, (await said(process.pid)).replace(/ \d+ /, ' 4194305 ')); // No process has such a number.
  const module = pathToFileURL(compiledFile('util', 'alone-in.js')).href;
  const ends = Array.from({ length: 4 }, () => {
    const child = ending(spawn(process.execPath, ['--input-type=module', '-e', program, module, folder]));
    return new Promise((resolve) => child.once('exit', resolve));
  });
  expect(await Promise.all(ends)).toEqual([0, 0, 0, 0]);
  expect(existsSync(path)).toBe(false);
}, 120_000);
