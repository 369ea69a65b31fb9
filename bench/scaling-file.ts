/** The file of `bench scaling`: points are kept as they come, so that a long series can be made in pieces. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { COT_KINDS } from '../inference/core/cot-kind.js';
import { MODEL_NAMES } from './model-sizes.js';
import { SCHEDULE_KINDS, type ScalingFigure, type ScalingPoint, type ScalingSetting } from './scaling.js';

const parties = z.object({ server: z.number(), client: z.number() });

const pointSchema = z.object({
  tokens: z.number().int().positive(),
  schedule: z.enum(SCHEDULE_KINDS),
  bytes: z.number().positive(),
  rounds: z.number(),
  measured: z
    .object({ milliseconds: z.number().positive(), cpuMilliseconds: parties, peakMemoryBytes: parties })
    .nullable(),
});

/** Exponents and savings follow from the points: they are written, never read. */
const fileSchema = z.object({
  model: z.enum(MODEL_NAMES),
  cots: z.enum(COT_KINDS),
  importantRatio: z.number(),
  points: z.array(pointSchema),
});

const describe = ({ model, cots, importantRatio }: ScalingSetting): string =>
  `${model}, ${cots}, important ${importantRatio}`;

async function contentOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Points of earlier runs; none if there is no such file. Throws if it holds something else, or another setting's points. */
export async function readPoints(file: string, setting: ScalingSetting): Promise<readonly ScalingPoint[]> {
  const content = await contentOf(file);
  if (content === null) return [];
  const parsed = fileSchema.safeParse(JSON.parse(content));
  if (!parsed.success)
    throw new Error(`${file}: expected points of bench scaling; ${z.prettifyError(parsed.error)}`);
  const { points, ...found } = parsed.data;
  if (describe(found) !== describe(setting))
    throw new Error(`${file}: expected points of ${describe(setting)}, got those of ${describe(found)}`);
  return points;
}

/** At once or not at all. */
export async function writeFigure(file: string, figure: ScalingFigure): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify(figure, null, 2)}\n`);
  await rename(temporary, file);
}
