import { describe, expect, it } from 'vitest';
import { benchInference } from '../../bench/inference.js';
import { modelConfigOf } from '../../bench/model-sizes.js';
import { randomArtifact, randomInput } from '../../bench/random-model.js';
import { runWithSchedule } from '../../bench/schedule-thresholds.js';
import { cipherPrune } from '../../methods/cipherprune/index.js';

describe('thresholds for a schedule', () => {
  it.each([
    [[30, 20, 7, 7], 1],
    [[30, 12, 12, 3], 0.5],
  ])('keep %j of 32 tokens, give or take one where scores almost agree', async (schedule, importantRatio) => {
    const config = modelConfigOf('bert-mini');
    const ids = randomInput(config, 32, 5);
    const { layers, thresholds } = await runWithSchedule(
      randomArtifact(config, 5),
      ids,
      schedule,
      importantRatio,
    );
    layers.slice(0, -1).forEach(({ kept, important }, layer) => {
      expect(Math.abs(kept - schedule[layer]!)).toBeLessThanOrEqual(1);
      if (importantRatio === 1) expect(important).toBe(kept);
      else expect(important).toBeLessThan(kept);
    });
    expect(layers.at(-1)!.kept).toBe(1);
    for (const { prune, reduce } of thresholds!) expect(reduce).toBeGreaterThanOrEqual(prune);
  });

  it('are absent without a schedule', async () => {
    const config = modelConfigOf('bert-tiny');
    const run = await runWithSchedule(randomArtifact(config, 5), randomInput(config, 8, 5), null, 0.5);
    expect(run.thresholds).toBeNull();
    expect(run.layers[0]).toEqual({ kept: 8, important: 8 });
  });
});

describe('bench inference of several texts', () => {
  it('shares the rounds of a batch, and reports the share of a text', async () => {
    const figure = await benchInference({
      model: 'bert-tiny',
      method: cipherPrune,
      tokens: 8,
      schedule: [8, 4],
      importantRatio: 0.5,
      preprocess: false,
      network: 'loopback',
      cots: 'softspoken',
      batch: 2,
      texts: 4,
      check: true,
      seed: 3,
      onProgress: () => undefined,
    });
    expect(figure).toMatchObject({ batch: 2, texts: 4 });
    expect(figure.runMilliseconds).toHaveLength(2);
    expect(figure.perText.bytes).toBe(Math.round(figure.bytes / 2));
    expect(figure.maxAbsError).toBeLessThan(0.05);
    const layerBytes = figure.layers.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(layerBytes).toBeLessThan(figure.perText.bytes);
  });
});

describe('bench inference with preprocessing', () => {
  it('makes material for all texts first and reports both costs apart', async () => {
    const options = {
      model: 'bert-tiny',
      method: cipherPrune,
      tokens: 8,
      schedule: [8, 4],
      importantRatio: 0.5,
      network: 'loopback',
      cots: 'softspoken',
      batch: 1,
      check: true,
      seed: 3,
      onProgress: () => undefined,
    } as const;
    const onDemand = await benchInference({ ...options, texts: 1, preprocess: false });
    const figure = await benchInference({ ...options, texts: 2, preprocess: true });
    expect(onDemand.ahead).toBeNull();
    expect(figure.bytes).toBeLessThan(0.3 * onDemand.bytes);
    expect(figure.maxAbsError).toBeLessThan(0.05);
    const ahead = figure.ahead!;
    expect(ahead.perText.bytes).toBe(Math.round(ahead.bytes / 2));
    expect(ahead.rounds).toBeGreaterThan(0);
    expect(figure.offlineBytes).toBeGreaterThan(ahead.perText.bytes);
    for (const role of ['server', 'client'] as const) expect(ahead.poolBytes[role]).toBeGreaterThan(1e5);
  });
});

describe('bench inference', () => {
  it('has the documented fields, and logits close to the cleartext ones', async () => {
    const figure = await benchInference({
      model: 'bert-tiny',
      method: cipherPrune,
      tokens: 16,
      schedule: [16, 8],
      importantRatio: 0.5,
      preprocess: false,
      batch: 1,
      texts: 1,
      network: 'loopback',
      cots: 'softspoken',
      check: true,
      seed: 3,
      timeline: true,
      onProgress: () => undefined,
    });
    expect(figure).toMatchObject({
      model: 'bert-tiny',
      tokens: 16,
      method: 'cipherprune',
      network: 'loopback',
    });
    const { server, client } = figure.timeline!.parties;
    expect([server!.sentBytes, client!.sentBytes]).toEqual([client!.receivedBytes, server!.receivedBytes]);
    expect(server!.sentBytes + client!.sentBytes).toBe(figure.bytes);
    for (const { steps, jobs } of [server!, client!]) {
      expect(steps.map(({ step }) => step)).toEqual(
        expect.arrayContaining(['linear', 'matmul', 'softmax', 'gelu', 'layerNorm', 'prune', 'cots']),
      );
      expect(jobs.length).toBeGreaterThan(8);
    }
    expect(figure.maxAbsError).toBeLessThan(0.05);
    expect(figure.layers.length).toBe(2);
    expect(figure.layers[0]).toMatchObject({ kept: 16, important: 16 });
    expect(Math.abs(figure.layers[1]!.kept - 8)).toBeLessThanOrEqual(1);
    expect(figure.layers[1]!.important).toBeLessThan(figure.layers[1]!.kept);
    const layerBytes = figure.layers.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(layerBytes).toBeGreaterThan(0);
    expect(layerBytes).toBeLessThan(figure.bytes);
    for (const { bytes, rounds } of figure.protocols) {
      expect(bytes).toBeLessThanOrEqual(figure.bytes);
      expect(rounds).toBeLessThanOrEqual(figure.rounds);
    }
    expect(figure.protocols.map(({ name }) => name)).toContain('shuffle');
    expect(figure.offlineBytes).toBeGreaterThan(0);
    expect(figure.perText).toEqual({ milliseconds: figure.milliseconds, bytes: figure.bytes });
    expect(figure.peakMemoryBytes.server).toBeGreaterThan(1e7);
    for (const { memoryBytes } of [...figure.layers, ...figure.protocols])
      for (const role of ['server', 'client'] as const) {
        expect(memoryBytes[role]).toBeGreaterThan(1e7);
        expect(memoryBytes[role]).toBeLessThanOrEqual(figure.peakMemoryBytes[role]);
      }
    expect(figure.leaks.map(({ name }) => name)).toEqual([
      'kept-token-count',
      'important-token-count',
      'label',
      'logits',
    ]);
  });
});
