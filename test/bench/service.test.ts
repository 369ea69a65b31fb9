/** `bench service` on a server process with a tiny model. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measureFaults } from '../../bench/service/faults.js';
import { measureLoad, percentiles } from '../../bench/service/load.js';
import { markdownOf } from '../../bench/service/report.js';
import { growthPerHour, measureSoak } from '../../bench/service/soak.js';
import { startSubject } from '../../bench/service/subject.js';
import { tinyArtifact } from '../../bench/tiny-artifact.js';
import { writeArtifact } from '../../model/artifact/artifact-file.js';

describe('figures of a service', () => {
  it('sorts before it counts percentiles', () => {
    const values = Array.from({ length: 100 }, (_, i) => 99 - i);
    expect(percentiles(values)).toEqual({ p50: 50, p90: 90, p99: 99 });
    expect(percentiles([7])).toEqual({ p50: 7, p90: 7, p99: 7 });
    expect(percentiles([])).toEqual({ p50: 0, p90: 0, p99: 0 });
  });

  it('takes growth from the second half, where everything is warm', () => {
    const memory = Array.from({ length: 20 }, (_, i) => ({
      minutes: i,
      bytes: i < 10 ? 1_000 * i : 9_000 + 50 * (i - 9),
    }));
    expect(growthPerHour(memory)).toBeCloseTo(50 * 60, 6);
    expect(growthPerHour(memory.slice(0, 1))).toBeNull();
    const short = memory.map(({ minutes, bytes }) => ({ minutes: minutes / 100, bytes }));
    expect(growthPerHour(short)).toBeNull();
  });
});

describe('bench service', () => {
  let artifact: string;
  const onNote = (): void => undefined;
  const common = { timeoutMilliseconds: 30_000, settleMilliseconds: 100, onNote };

  beforeAll(async () => {
    artifact = join(await mkdtemp(join(tmpdir(), 'cipherprune-bench-service-')), 'tiny');
    await writeArtifact(artifact, tinyArtifact());
  });
  afterAll(() => rm(join(artifact, '..'), { recursive: true }));

  it('has a server that ends when nobody holds it any more', async () => {
    const { child } = await startSubject(artifact);
    const ended = once(child, 'exit');
    child.stdin!.end();
    expect(await ended).toEqual([0, null]);
  });

  it('load: every label is right, and what it took is told', async () => {
    const load = await measureLoad({ ...common, artifact, clients: [1, 3], texts: 2 });
    expect(load).toMatchObject([
      { clients: 1, texts: 2, right: 2, errors: {} },
      { clients: 3, texts: 6, right: 6, errors: {} },
    ]);
    for (const { memoryBytes, textsPerSecond, bytesPerText } of load) {
      expect(memoryBytes.most).toBeGreaterThan(20e6);
      expect(memoryBytes.after).toBeGreaterThan(20e6);
      expect(textsPerSecond).toBeGreaterThan(0);
      expect(bytesPerText).toBeGreaterThan(10_000);
    }
    expect(markdownOf({ machine: 'this one', load })).toMatch(/^\| 3 \| 6 \/ 6 \| none \| /m);
  });

  it('load: those for whom there is no place are counted by the code that they get', async () => {
    const [row] = await measureLoad({
      ...{ ...common, artifact, clients: [4], texts: 1 },
      serveOptions: ['--client-texts-per-day', '2'],
    });
    expect(row).toMatchObject({ texts: 2, right: 2, errors: { ERR_REFUSED: 2 } });
  });

  it('faults: a right answer or an error with a name, whatever breaks', async () => {
    const rows = await measureFaults({
      ...{ artifact, points: 2, kinds: ['cut', 'flip'], timeoutMilliseconds: 5_000, onNote },
    });
    expect(rows.map(({ kind, tried }) => [kind, tried])).toEqual([
      ['cut', 4],
      ['flip', 4],
      ['client killed', 2],
      ['server killed', 1],
    ]);
    for (const { tried, outcomes } of rows)
      expect((outcomes['right answer'] ?? 0) + (outcomes['named error'] ?? 0)).toBe(tried);
    expect(rows[0]!.outcomes).not.toHaveProperty('right answer');
    expect(rows[2]!.outcomes).toEqual({ 'right answer': 2 });
    expect(rows[3]!.outcomes).toEqual({ 'named error': 1 });
  });

  it('soak: clients come and go, and memory is looked at after each round', async () => {
    const options = { artifact, minutes: 0, clients: 2, timeoutMilliseconds: 30_000, onNote };
    const soak = await measureSoak(options);
    expect(soak).toMatchObject({ connections: 2, texts: 6, right: 6, errors: {} });
    expect(soak.memory).toHaveLength(1);
  });
});
