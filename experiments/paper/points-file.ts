/** Points as they come, one line of JSON each, so that a paper that was stopped goes on. */
import { existsSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../../model/write-file-atomically.js';
import { readJsonLines } from '../../util/json-lines.js';
import type { KeptPoint } from './point.js';

const FILE = 'points.jsonl';

export class PointsFile {
  readonly #points: Map<string, KeptPoint>;

  private constructor(
    readonly path: string,
    points: ReadonlyMap<string, KeptPoint>,
  ) {
    this.#points = new Map(points);
  }

  /** What an earlier run of the same code left; of a line that it did not finish nothing is left. */
  static async open(folder: string, code: string): Promise<PointsFile> {
    const path = join(folder, FILE);
    const known = existsSync(path) ? await readJsonLines<KeptPoint>(path) : [];
    const points = known.filter((point) => point.code === code);
    const file = new PointsFile(path, new Map(points.map((point) => [point.id, point])));
    const whole = [...file.#points.values()].map((point) => `${JSON.stringify(point)}\n`).join('');
    await writeFileAtomically(path, whole);
    return file;
  }

  get(id: string): KeptPoint | null {
    return this.#points.get(id) ?? null;
  }

  async add(point: KeptPoint): Promise<void> {
    this.#points.set(point.id, point);
    await appendFile(this.path, `${JSON.stringify(point)}\n`);
  }
}
