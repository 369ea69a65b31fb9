/** A method from a folder outside of the project, in every process of the command line: train, export, infer, bench. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { transformSync } from 'esbuild';
import { afterAll, expect, it } from 'vitest';
import { packageFile } from '../../util/package-file.js';
import { compiledFile } from '../support/compiled.js';

const METHOD = 'quadratic-gelu';
const folder = mkdtempSync(join(tmpdir(), 'cipherprune-stranger-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The template as plain JavaScript, in a folder of somebody else's; what an installed package resolves by name is named by its place here. */
function writeMethod(): string {
  const template = readFileSync(packageFile('docs', 'templates', 'method.ts'), 'utf8');
  const file = join(folder, 'method.mjs');
  const { code } = transformSync(template, { loader: 'ts', format: 'esm' });
  const methods = pathToFileURL(compiledFile('api', 'methods.js')).href;
  const written = code.replace('"cipherprune/methods"', `"${methods}"`);
  expect(written).not.toBe(code);
  writeFileSync(file, written);
  return pathToFileURL(file).href;
}

/** One command, whose processes all load the method as `NODE_OPTIONS` says; its JSON. */
async function command(method: string | null, ...args: readonly string[]): Promise<unknown> {
  const env = {
    ...process.env,
    NODE_OPTIONS: method === null ? '' : `--import=${method}`,
    XDG_CACHE_HOME: join(folder, 'cache'),
  };
  const main = compiledFile('cli', 'main.js');
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...args, '--json'], {
    env,
    cwd: packageFile(),
  });
  return JSON.parse(stdout);
}

it('is trained, exported, run by two and by three parties, and measured', async () => {
  const method = writeMethod();
  const [run, artifact] = [join(folder, 'run'), join(folder, 'artifact')];
  const sets = [
    'data.syntheticTrain=200',
    'data.syntheticDev=20',
    'phases.dense.epochs=1',
    `method=${METHOD}`,
  ];
  const settings = sets.flatMap((set) => ['--set', set]);
  await command(method, 'train', '--config', 'configs/first-steps.yaml', '--out', run, ...settings);
  await command(method, 'export', '--checkpoint', run, '--out', artifact);
  expect(await command(method, 'inspect', artifact)).toMatchObject({ method: METHOD });

  const infer = ['infer', '--local', '--artifact', artifact, '--text', 'a good film', '--answers', 'logits'];
  const [two, three] = [await command(method, ...infer), await command(method, ...infer, '--parties', '3')];
  expect(two).toMatchObject({ method: METHOD, parties: 2 });
  expect(three).toMatchObject({ method: METHOD, parties: 3 });
  const logits = (answer: unknown) => (answer as { readonly logits: readonly number[] }).logits;
  logits(two).forEach((logit, i) => {
    expect(Math.abs(logit - logits(three)[i]!)).toBeLessThan(0.1);
  });

  const bench = async (name: string, tokens: number, ...more: readonly string[]) =>
    (await command(
      method,
      ...['bench', 'inference', '--model', 'tiny', '--tokens', `${tokens}`],
      ...['--schedule', `${tokens},${tokens / 2}`, '--method', name],
      ...more,
    )) as { readonly method: string; readonly bytes: number; readonly maxAbsError: number };
  const measured = await bench(METHOD, 8);
  expect(measured.method).toBe(METHOD);
  expect(measured.maxAbsError).toBeLessThan(0.1);
  // One square in place of CipherPrune's polynomials; with fewer tokens a refill of COTs decides.
  const counted = (name: string) => bench(name, 32, '--counted');
  const [own, base] = [await counted(METHOD), await counted('cipherprune-prune')];
  expect(own.bytes).toBeLessThan(base.bytes);

  // Whoever has not loaded it says so, by name.
  await expect(command(null, ...infer)).rejects.toThrow(/method.*quadratic-gelu|quadratic-gelu.*method/s);
}, 240_000);
