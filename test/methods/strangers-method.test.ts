/** A method that comes from a folder of its own, which nothing of the project names: trained, exported, run by both parties. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { compareModelInsecurely } from '../../inference/debug/compare-parties.js';
import { methodNamed, registerMethod } from '../../methods/index.js';
import { methodOf } from '../../methods/reference.js';
import { readCheckpoint } from '../../model/checkpoint/checkpoint.js';
import { exportArtifact } from '../../training/export/export.js';
import { prepareRun } from '../../training/loop/prepare.js';
import { packageFile } from '../../util/package-file.js';
import { temporaryRuns } from '../training/loop/tiny-runs.js';

const { inFolder, train } = temporaryRuns();
const folder = mkdtempSync(join(tmpdir(), 'cipherprune-method-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The template's method, from elsewhere; what an installed package resolves by name is named by its place here. */
async function loadMethod(): Promise<void> {
  const template = readFileSync(packageFile('docs', 'templates', 'method.ts'), 'utf8');
  const file = join(folder, 'method.ts');
  writeFileSync(file, template.replace("'cipherprune/methods'", `'${packageFile('api', 'methods.ts')}'`));
  await import(pathToFileURL(file).href);
}

it('is trained, exported and run as one of the list', async () => {
  const method = 'quadratic-gelu';
  expect(() => methodNamed(method)).toThrow(/expected one of cipherprune, .*got "quadratic-gelu"/);
  await loadMethod();
  const { evaluation, config, recorder } = await train(method, { method });
  expect(evaluation.metrics.accuracy).toBeGreaterThan(0.7);
  expect(recorder.evaluations.some(({ phase }) => phase === 'hard')).toBe(true);

  const checkpoint = await readCheckpoint(inFolder(method, 'final'));
  const { train: examples, dev } = await prepareRun(config);
  const { artifact } = await exportArtifact(checkpoint, examples.slice(0, 100), {
    weightBits: 10,
    embeddingBits: 10,
    fixedPoint: { ringBits: 37, fractionBits: 12 },
  });
  expect(artifact.public.method.name).toBe(method);
  const { ids, types } = dev[0]!;
  const report = await compareModelInsecurely(artifact, { ids: [...ids], tokenTypes: [...types] });
  expect(report.places.map(({ place }) => place)).toEqual(
    expect.arrayContaining(['layer0', 'layer1', 'layer2']),
  );
  expect(report.places.flatMap(({ mismatches }) => mismatches)).toEqual([]);
  report.logits.forEach((logit, i) => {
    expect(Math.abs(logit - report.cleartextLogits[i]!)).toBeLessThan(0.15);
  });
  expect(report.layers.some(({ kept }) => kept < ids.length)).toBe(true);
});

it('has a name of its own, and the numbers that a model was made for', () => {
  const base = methodNamed('cipherprune');
  expect(() => registerMethod(base)).toThrow('method cipherprune: expected a name of its own');
  expect(() => registerMethod({ ...base, name: 'My Method' })).toThrow('got "My Method"');
  expect(() => methodOf({ name: 'quadratic-gelu', numbers: '0'.repeat(64) })).toThrow('expected the numbers');
});
