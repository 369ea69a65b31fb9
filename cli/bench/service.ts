/** `bench service`. */
import { join } from 'node:path';
import type { ServiceReport } from '../../bench/service/report.js';
import { note } from '../../util/note.js';
import { packageFile } from '../../util/package-file.js';
import { print, printJson } from '../output.js';
import type { BenchOptions } from './options.js';
import { checkWritable, makeDirectory } from '../../util/make-directory.js';
import { writeFileAtomically } from '../../model/write-file-atomically.js';

const USUAL_CLIENTS = [1, 8, 32, 100];
const USUAL_TEXTS = 1;
const USUAL_POINTS = 12;
const SOAK_CLIENTS = 4;
/** Short, so that silence shows. */
const LOAD_TIMEOUT = 10_000;
const FAULT_TIMEOUT = 2_000;

export async function serviceFigures(options: BenchOptions): Promise<void> {
  const { part, json, out, clients, texts, points, minutes, places, workers } = options;
  if (out !== undefined) await checkWritable(out);
  const artifact = options.artifact ?? packageFile('data', 'demo-model');
  const serveOptions = workers > 0 ? ['--workers', String(workers)] : [];
  const onNote = (line: string): void => note(`bench service: ${line}`);
  const { machineName, markdownOf } = await import('../../bench/service/report.js');
  const wants = (name: NonNullable<BenchOptions['part']>): boolean => part === undefined || part === name;
  let report: ServiceReport = { machine: machineName() };
  if (wants('load')) {
    const { measureLoad } = await import('../../bench/service/load.js');
    const load = {
      clients: clients ?? USUAL_CLIENTS,
      texts: texts ?? USUAL_TEXTS,
      timeoutMilliseconds: LOAD_TIMEOUT,
      serveOptions: places === undefined ? serveOptions : [...serveOptions, '--max-clients', String(places)],
    };
    report = { ...report, load: await measureLoad({ artifact, ...load, onNote }) };
  }
  if (wants('faults')) {
    const { measureFaults } = await import('../../bench/service/faults.js');
    const faults = { points: points ?? USUAL_POINTS, timeoutMilliseconds: FAULT_TIMEOUT, serveOptions };
    report = { ...report, faults: await measureFaults({ artifact, ...faults, onNote }) };
  }
  if (wants('soak')) {
    const { measureSoak } = await import('../../bench/service/soak.js');
    const soak = {
      ...{ minutes, serveOptions, timeoutMilliseconds: LOAD_TIMEOUT },
      clients: clients?.[0] ?? SOAK_CLIENTS,
    };
    report = { ...report, soak: await measureSoak({ artifact, ...soak, onNote }) };
  }
  if (out !== undefined) {
    await makeDirectory(out);
    await writeFileAtomically(join(out, 'service.json'), `${JSON.stringify(report, null, 2)}\n`);
    await writeFileAtomically(join(out, 'service.md'), markdownOf(report));
  }
  if (json) printJson(report);
  else print(markdownOf(report));
}
