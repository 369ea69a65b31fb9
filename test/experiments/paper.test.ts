import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, it } from 'vitest';
import { countElimination } from '../../bench/elimination.js';
import { latexTable } from '../../experiments/paper/latex.js';
import { makePaper, type PaperOptions, type PaperPlan, QUICK } from '../../experiments/paper/paper.js';
import type { KeptPoint } from '../../experiments/paper/point.js';
import { PUBLISHED } from '../../experiments/paper/published.js';
import { SECTIONS } from '../../experiments/paper/sections/index.js';
import { trainingsOf } from '../../experiments/paper/trained.js';
import type { Runner } from '../../experiments/work/runner.js';
import { METHODS, methodNamed } from '../../methods/index.js';
import { runHere, start } from '../cli/run-cli.js';

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'paper-test-'));
  folders.push(folder);
  return folder;
}

const sectionsNamed = (...names: string[]) => SECTIONS.filter(({ name }) => names.includes(name));

/** Answers as `bench inference` does; fails for one method. */
function scriptedRunner(failing: string | null) {
  const ran: string[] = [];
  const runner: Runner = {
    parallel: 2,
    close: async () => undefined,
    async run(args) {
      const method = args[args.indexOf('--method') + 1]!;
      ran.push(method);
      if (method === failing) throw new Error('the server went away');
      return JSON.stringify({
        milliseconds: 1000 * (1 + METHODS.findIndex(({ name }) => name === method)),
        bytes: 1,
        rounds: 1,
        protocols: [{ name: 'softmax', milliseconds: 250, bytes: 1, rounds: 1 }],
      });
    },
  };
  return { runner, ran };
}

async function make(out: string, changes: Partial<PaperOptions>, runner: Runner) {
  const plans: PaperPlan[] = [];
  const made: KeptPoint[] = [];
  const paper = await makePaper(
    {
      out,
      sections: sectionsNamed('table1', 'pruning'),
      shapes: { ...QUICK, lengths: [8, 16] },
      data: null,
      encoder: null,
      tasks: [],
      methods: [],
      seeds: [1],
      trains: false,
      onPlan: (plan) => plans.push(plan),
      onLine: () => undefined,
      onPoint: (point) => made.push(point),
      onRow: () => undefined,
      ...changes,
    },
    runner,
  );
  return { paper, plan: plans[0]!, made };
}

const tableOf = (paper: Awaited<ReturnType<typeof makePaper>>, id: string) => {
  const blocks = paper.parts.flatMap((part) => part.blocks);
  const table = blocks.find((block) => block.kind === 'table' && block.id === id);
  if (table?.kind !== 'table') throw new Error(`no table ${id}`);
  return table;
};

describe('paper', () => {
  it('keeps points, goes on with those that are missing, and tries failed ones again', async () => {
    const out = await newFolder();
    const first = scriptedRunner('bolt');
    const { paper, plan, made } = await make(out, {}, first.runner);
    expect(plan.kept).toBe(0);
    expect(made).toHaveLength(plan.points);
    expect(plan.seconds).toBeGreaterThan(0);
    const failed = paper.points.failed;
    expect(failed).toHaveLength(1);
    expect(failed[0]).toMatch(/--method bolt --no-check/);
    const cells = (name: string) => tableOf(paper, 'table1').rows.find((row) => row[1] === name)!;
    expect(cells('bolt')[2]).toBe('failed');
    // The others are there, and what was counted of the same method too.
    expect(Number(cells('bolt')[4])).toBeGreaterThan(0);
    expect(Number(cells('cipherprune')[2])).toBe(1 + METHODS.indexOf(methodNamed('cipherprune')));

    // As a run that was killed while it wrote.
    const file = join(out, 'points.jsonl');
    const lines = (await readFile(file, 'utf8')).trim().split('\n');
    const dropped = lines.findIndex((line) => line.includes('cipherprune-prune --no-check'));
    await writeFile(file, `${lines.filter((_, at) => at !== dropped).join('\n')}\n`);
    await appendFile(file, lines[dropped]!.slice(0, 40));
    const second = scriptedRunner(null);
    const again = await make(out, {}, second.runner);
    expect(second.ran.sort()).toEqual(['bolt', 'cipherprune-prune']);
    expect(again.plan).toMatchObject({ points: 2, kept: plan.points - 2 });
    expect(again.paper.points.failed).toEqual([]);
    expect(tableOf(again.paper, 'table1').rows.find((row) => row[1] === 'bolt')![2]).not.toBe('failed');

    const third = scriptedRunner(null);
    expect((await make(out, {}, third.runner)).plan).toMatchObject({ points: 0, seconds: 0 });
    expect(third.ran).toEqual([]);
  });

  it('has the numbers of its points in every form, and pages that need nothing else', async () => {
    const out = await newFolder();
    const { paper } = await make(out, {}, scriptedRunner(null).runner);
    const points = new Map(
      (await readFile(join(out, 'points.jsonl'), 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
        .map((point) => [point.id as string, point]),
    );
    const [markdown, html, latex] = await Promise.all(
      ['paper.md', 'paper.html', 'tables/table1.tex'].map((name) => readFile(join(out, name), 'utf8')),
    );
    for (const row of tableOf(paper, 'table1').rows) {
      const [model, name, run, , gigabytes, rounds] = row;
      const of = `bench inference --model ${model} --tokens 16 --method ${name}`;
      const counted = points.get(`${of} --counted --json`).result;
      expect(Number(gigabytes)).toBe(Number((counted.bytes / 1e9).toPrecision(3)));
      expect(Number(rounds)).toBe(counted.rounds);
      expect(Number(run)).toBe(points.get(`${of} --no-check --json`).result.milliseconds / 1000);
      expect(markdown).toContain(`| ${row.join(' | ')} |`);
      expect(latex).toContain(`${row.join(' & ').replaceAll('_', '\\_')} \\\\`);
      for (const cell of row) expect(html).toContain(`>${cell}</td>`);
    }
    const { bytes } = await countElimination('bert-tiny', methodNamed('cipherprune-swaps'), 16);
    const swaps = tableOf(paper, 'pruning-bytes').rows.find(([name]) => name === 'swaps')!;
    expect(Number(swaps[2])).toBeCloseTo(bytes / 1e6, 2);

    expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    expect(html).toContain('<svg');
    for (const [name, begin] of [
      ['svg', '<svg'],
      ['png', '\x89PNG'],
      ['pdf', '%PDF-'],
    ] as const) {
      const file = join(out, 'figures', `pruning-bytes.${name}`);
      expect(paper.files).toContain(file);
      expect((await readFile(file, 'latin1')).startsWith(begin)).toBe(true);
    }
  });

  it('marks what others published, and leaves empty what nobody measured', async () => {
    const out = await newFolder();
    const shapes = { ...QUICK, models: ['bert-base'], tokens: 128, longestSeconds: 0 } as const;
    const sections = sectionsNamed('table1');
    const { runner, ran } = scriptedRunner(null);
    const { paper } = await make(out, { shapes, sections }, runner);
    expect(ran).toEqual([]);
    const { header, rows } = tableOf(paper, 'table1');
    const bolt = rows.find((row) => row[1] === 'bolt')!;
    const published = PUBLISHED.find(({ method }) => method === 'bolt')!;
    expect(bolt[header.indexOf('s (published)')]).toBe(String(Math.round(published.seconds!)));
    expect(bolt[header.indexOf('GB (published)')]).toBe('25.7');
    expect(bolt[header.indexOf('s, run')]).toBe('');
    expect(await readFile(join(out, 'paper.md'), 'utf8')).toContain(published.source);
  });

  it('trains the methods that were asked for, and no others', async () => {
    const trainings = await trainingsOf(
      {
        out: await newFolder(),
        data: null,
        encoder: null,
        tasks: [],
        methods: ['cipherprune-prune', 'bolt'],
        seeds: [1, 2],
      },
      { onLine: () => undefined, onRow: () => undefined },
    );
    expect(trainings.map(({ sweep }) => sweep.settings)).toEqual([
      [
        { method: 'bolt', 'masks.mode': 'none', seed: '1' },
        { method: 'bolt', 'masks.mode': 'none', seed: '2' },
        { 'masks.mode': 'prune', seed: '1' },
        { 'masks.mode': 'prune', seed: '2' },
      ],
    ]);
  });

  it('escapes what LaTeX would read', () => {
    const table = {
      kind: 'table',
      id: 'x',
      caption: '50% of a_b',
      header: ['a & b'],
      rows: [['±1']],
    } as const;
    expect(latexTable(table)).toContain('50\\% of a\\_b');
    expect(latexTable(table)).toContain('a \\& b \\\\');
    expect(latexTable(table)).toContain('$\\pm$1');
  });
});

describe('the command', () => {
  it('goes on after it was killed', async () => {
    const out = await newFolder();
    const args = ['paper', '--out', out, '--quick', '--only', 'table1', '--json'];
    const killed = start(...args);
    const ended = once(killed.child, 'exit');
    // The first run of two parties is there; others are not.
    for await (const line of createInterface({ input: killed.child.stderr! }))
      if (line.includes('--no-check')) break;
    killed.child.kill('SIGKILL');
    await ended;
    const { stdout, stderr } = await start(...args).outcome;
    const [, made, kept] = /^(\d+) points to make, (\d+) kept/m.exec(stderr)!.map(Number);
    expect(kept).toBeGreaterThan(0);
    expect(made).toBeGreaterThan(0);
    const { points, failed, tables } = JSON.parse(stdout);
    expect({ points, failed }).toEqual({ points: made! + kept!, failed: [] });
    for (const row of tables[0].rows) expect(Number(row[2])).toBeGreaterThan(0);
  });

  it('refuses what is not there', async () => {
    const out = await newFolder();
    expect(await runHere('paper', '--out', out, '--only', 'table9')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--only: expected some of table1,methods/),
    });
    expect(await runHere('paper', '--out', out, '--methods', 'bolt,none')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--methods: expected some of dense,bolt-no-we.*got "none"/),
    });
  });
});
