/** `npm run fuzz -- [INPUTS [SEED]]`: so many mutated inputs (10^6 unless given), spread over all that reads bytes from others. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fuzz } from '../experiments/fuzz/fuzz.js';
import { fuzzTargets } from '../experiments/fuzz/targets.js';
import { tinyArtifact } from '../bench/tiny-artifact.js';

const [inputs, seed] = [Number(process.argv[2] ?? 1e6), Number(process.argv[3] ?? Date.now() % 2 ** 31)];
const FOLDER = 'build/fuzz';

const targets = await fuzzTargets(tinyArtifact({ seed: 1 }));
let faults = 0;
for (const target of targets) {
  const started = performance.now();
  const { refused, findings } = await fuzz(target, Math.ceil(inputs / targets.length), seed);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(
    `${target.name}: ${Math.ceil(inputs / targets.length)} inputs, ${refused} refused, ${findings.length} faults, ${seconds} s\n`,
  );
  for (const { input, fault } of findings) {
    mkdirSync(FOLDER, { recursive: true });
    const path = `${FOLDER}/${target.name.replaceAll(' ', '-')}-${faults++}`;
    writeFileSync(path, input);
    process.stdout.write(`  ${path}: ${fault.split('\n').slice(0, 3).join(' ')}\n`);
  }
}
process.stdout.write(`seed ${seed}, ${faults} faults\n`);
process.exitCode = faults > 0 ? 1 : 0;
