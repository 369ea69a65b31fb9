/** The files of `bench scaling`: points are kept as they come, so that a long series can be made in pieces. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { MODEL_NAMES } from '../../bench/model-sizes.js';
import { NETWORK_NAMES } from '../../bench/networks.js';
import { COT_KINDS } from '../../inference/core/cot-kind.js';
import { writeFileAtomically } from '../../model/write-file-atomically.js';
import { makeDirectory } from '../../util/make-directory.js';
import { renderPng, renderSvg, WIDE } from '../report/render.js';
import { scalingCharts } from './figures.js';
import type { ScalingFigure } from './fit.js';
import { SCHEDULE_KINDS, type ScalingPoint, type ScalingSetting } from './point.js';

const parties = z.object({ server: z.number(), client: z.number() });

const pointSchema = z.object({
  tokens: z.number().int().positive(),
  schedule: z.enum(SCHEDULE_KINDS),
  network: z.enum(NETWORK_NAMES),
  batch: z.number().int().positive(),
  cores: z.number().int().positive(),
  cots: z.enum(COT_KINDS),
  bytes: z.number().positive(),
  rounds: z.number(),
  seconds: z.number().positive(),
  measured: z
    .object({
      cpuMilliseconds: parties,
      peakMemoryBytes: parties,
      shaping: z.enum(['none', 'kernel', 'channel']),
      coresShared: z.boolean(),
    })
    .nullable(),
});

/** What follows from the points is written, never read. */
const fileSchema = z.object({
  model: z.enum(MODEL_NAMES),
  importantRatio: z.number(),
  points: z.array(pointSchema),
});

const describe = ({ model, importantRatio }: ScalingSetting): string =>
  `${model}, important ${importantRatio}`;

const pointsFile = (folder: string): string => join(folder, 'scaling.json');

async function contentOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function parsedJson(file: string, content: string): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new Error(`${file}: expected points of bench scaling, got no JSON (${(error as Error).message})`);
  }
}

/** Points of earlier runs; none if the folder has none. Throws if it holds something else, or another setting's points. */
export async function readPoints(folder: string, setting: ScalingSetting): Promise<readonly ScalingPoint[]> {
  const file = pointsFile(folder);
  const content = await contentOf(file);
  if (content === null) return [];
  const parsed = fileSchema.safeParse(parsedJson(file, content));
  if (!parsed.success)
    throw new Error(`${file}: expected points of bench scaling; ${z.prettifyError(parsed.error)}`);
  const { points, ...found } = parsed.data;
  if (describe(found) !== describe(setting))
    throw new Error(`${file}: expected points of ${describe(setting)}, got those of ${describe(found)}`);
  return points;
}

export async function writePoints(folder: string, figure: ScalingFigure): Promise<void> {
  await makeDirectory(folder);
  await writeFileAtomically(pointsFile(folder), `${JSON.stringify(figure, null, 2)}\n`);
}

/** Every chart as SVG and PNG; → the files. */
export async function writeCharts(folder: string, figure: ScalingFigure): Promise<string[]> {
  const files: string[] = [];
  for (const { id, spec } of scalingCharts(figure)) {
    const svg = await renderSvg(spec, WIDE);
    const [svgFile, pngFile] = [join(folder, `${id}.svg`), join(folder, `${id}.png`)];
    await writeFileAtomically(svgFile, svg);
    await writeFileAtomically(pngFile, renderPng(svg));
    files.push(svgFile, pngFile);
  }
  return files;
}
