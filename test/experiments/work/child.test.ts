import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ChildError, runChild } from '../../../experiments/work/child.js';
import { packageFile } from '../../../util/package-file.js';
import { ending } from '../../support/child-processes.js';

/** The child that runs a command of ours; a loader has children too. */
async function commandOf(pid: number): Promise<number> {
  for (;;) {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    const isOurs = (child: string) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('serve');
    const found = children.find(isOurs);
    if (found !== undefined) return Number(found);
    await wait(20);
  }
}

const PARENT = `
  import { runChild } from '${packageFile('experiments', 'work', 'child.ts')}';
  import { selfCommand } from '${packageFile('util', 'self-command.ts')}';
  console.log('begun');
  await runChild(selfCommand('serve', '--artifact', '${packageFile('data', 'demo-model')}', '--port', '0'));
`;

// At once, before it listens for that, and when it is at work.
it.skipIf(process.platform !== 'linux').each([0, 4_000])(
  'a command of ours ends with who started it, killed after %i ms',
  async (delay) => {
    const words = ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', PARENT];
    const parent = ending(spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] }));
    await once(parent.stdout, 'data');
    const child = await commandOf(parent.pid!);
    await wait(delay);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    while (existsSync(`/proc/${child}`)) await wait(50);
  },
);

it('is ended by a signal, and says with which code it failed', async () => {
  const stop = new AbortController();
  const sleeper = runChild([process.execPath, '-e', 'setTimeout(() => {}, 60000)'], {
    signal: stop.signal,
  });
  setTimeout(() => stop.abort(), 100);
  await expect(sleeper).rejects.toThrow(/SIGTERM/);
  const late = runChild([process.execPath, '-e', 'setTimeout(() => {}, 3600000)'], { signal: stop.signal });
  await expect(late).rejects.toThrow(/SIGTERM/);
  const failed = runChild([
    process.execPath,
    '-e',
    'process.stderr.write("half "); console.error("a line"); process.exit(2)',
  ]);
  await expect(failed).rejects.toThrow(/^half a line$/);
  await expect(failed).rejects.toMatchObject({ name: ChildError.name, exitCode: 2 });
});

const INTERRUPTED = `
  import { runChild } from '${packageFile('experiments', 'work', 'child.ts')}';
  import { interruptCleanup } from '${packageFile('util', 'interrupt.ts')}';
  interruptCleanup();
  const first = runChild([process.execPath, '-e', 'console.error("begun"); setTimeout(() => {}, 3600000)'], {
    onLine: (line) => console.log(line),
  });
  const errorOf = (child) => child.then(() => 'none', (error) => error.name + ': ' + error.message);
  await first.catch(() => undefined);
  console.log(await errorOf(runChild([process.execPath, '-e', '0'])));
  process.exit(0);
`;

it('is not started by a process that is ending', async () => {
  const words = ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', INTERRUPTED];
  const parent = ending(spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] }));
  let said = '';
  parent.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (said === '') parent.kill('SIGTERM');
    said += text;
  });
  await once(parent, 'close');
  expect(said).toBe('begun\nInterruptedError: interrupted\n');
});
