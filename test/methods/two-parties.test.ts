/** Every method between two parties: each operation of every layer as in the clear, costs as they are counted. */
import { describe, expect, it } from 'vitest';
import { estimateCost } from '../../inference/cost/cost-model.js';
import { compareModelInsecurely } from '../../inference/debug/compare-parties.js';
import { METHODS } from '../../methods/index.js';
import { randomInput } from '../inference/engine/random-model.js';
import { measuredRun } from '../support/measured-run.js';
import { modelOf } from './model-of.js';

describe.each(METHODS)('$name between two parties', (method) => {
  const artifact = modelOf(method);

  it('computes in every layer what the cleartext backend computes', async () => {
    const text = { ...randomInput(102, 11), specialTokens: 0 };
    const report = await compareModelInsecurely(artifact, text);
    expect(report.places.map(({ place }) => place)).toEqual(
      expect.arrayContaining(['layer0', 'layer1', 'layer2']),
    );
    expect(report.places.flatMap(({ mismatches }) => mismatches)).toEqual([]);
    report.logits.forEach((logit, i) => {
      expect(Math.abs(logit - report.cleartextLogits[i]!)).toBeLessThan(0.15);
    });
  });

  it('costs what is counted', async () => {
    const { report, result } = await measuredRun(artifact, 11, 16);
    const { bytes, rounds } = await estimateCost(artifact.public, { bucket: 16, schedule: result.layers });
    const { cost } = report;
    expect({ bytes: bytes - 8, rounds }).toEqual({
      bytes: cost.sentBytes + cost.receivedBytes,
      rounds: cost.rounds,
    });
  });
});
