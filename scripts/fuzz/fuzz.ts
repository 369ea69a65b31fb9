/**
 * `npm run fuzz -- [INPUTS [SEED]]`: so many mutated inputs (10^6 unless given), spread over all that reads bytes from others, guided
 * by coverage. What reached something new joins the corpus that tests read, test/fixtures/fuzz; faults go to build/fuzz.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { register } from 'node:module';
import { join } from 'node:path';

register('./coverage-hooks.mjs', import.meta.url);
// After the hook, which they must pass.
const { addToCorpus, readCorpus } = await import('../../experiments/fuzz/corpus.js');
const { Coverage } = await import('../../experiments/fuzz/coverage.js');
const { fuzz } = await import('../../experiments/fuzz/fuzz.js');
const { fuzzTargets } = await import('../../experiments/fuzz/targets.js');
const { tinyArtifact } = await import('../../bench/tiny-artifact.js');

const [inputs, seed] = [Number(process.argv[2] ?? 1e6), Number(process.argv[3] ?? Date.now() % 2 ** 31)];
if (!(inputs >= 1) || !Number.isSafeInteger(seed)) {
  process.stderr.write(
    `fuzz: expected INPUTS and a SEED, whole numbers, got ${process.argv.slice(2).join(' ')}\n`,
  );
  process.exit(2);
}
const [CORPUS, FAULTS] = [join('test', 'fixtures', 'fuzz'), join('build', 'fuzz')];

const targets = await fuzzTargets(tinyArtifact({ seed: 1 }));
await Promise.all([CORPUS, FAULTS].map((folder) => mkdir(folder, { recursive: true })));
const each = Math.ceil(inputs / targets.length);
let faults = 0;
for (const target of targets) {
  const { name } = target;
  const started = performance.now();
  const coverage = new Coverage();
  coverage.takeNews();
  const [before] = coverage.reached;
  const known = await readCorpus(CORPUS, name);
  const { refused, findings, kept } = await fuzz(target, { inputs: each, seed, known, coverage });
  await addToCorpus(CORPUS, name, kept);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const places = coverage.reached[0] - before;
  process.stdout.write(
    `${name}: ${each} inputs, ${refused} refused, ${kept.length} reached something new (${places} places beyond loading), ${findings.length} faults, ${seconds} s\n`,
  );
  for (const { input, fault } of findings) {
    const path = join(FAULTS, `${name.replaceAll(' ', '-')}-${faults++}`);
    await writeFile(path, input);
    process.stdout.write(`  ${path}: ${fault.split('\n').slice(0, 3).join(' ')}\n`);
  }
}
process.stdout.write(`seed ${seed}, ${faults} faults\n`);
process.exitCode = faults > 0 ? 1 : 0;
