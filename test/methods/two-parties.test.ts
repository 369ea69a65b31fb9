/** Every method between two parties: each operation of every layer as in the clear, costs as they are counted. */
import { describe, expect, it } from 'vitest';
import { estimateCost } from '../../inference/cost/cost-model.js';
import { compareModelInsecurely } from '../../inference/debug/compare-parties.js';
import { METHODS } from '../../methods/index.js';
import type { Method } from '../../methods/method.js';
import { methodReference } from '../../methods/reference.js';
import type { Artifact, LayerRanges } from '../../model/artifact/artifact.js';
import { randomInput, randomModel } from '../inference/engine/random-model.js';
import { measuredRun } from '../support/measured-run.js';

/** Ranges for functions that reach further than those for which a random model was calibrated. */
const wider = ({ outputVariance, attentionVariance, ...ranges }: LayerRanges): LayerRanges => {
  const variance = ({ min, max }: LayerRanges['outputVariance']) => ({ min: min / 4, max: 16 * max });
  const others = Object.fromEntries(Object.entries(ranges).map(([name, range]) => [name, 4 * range]));
  return {
    ...(others as typeof ranges),
    outputVariance: variance(outputVariance),
    attentionVariance: variance(attentionVariance),
  };
};

/** A random model that is said to be of a method. */
function modelOf(method: Method): Artifact {
  const artifact = randomModel({ layers: 3, prunes: method.learns !== 'nothing', reduces: true, seed: 3 });
  const { ranges } = artifact.public;
  const isOurs = method.curves.softmax.low === 'less the maximum';
  const layers = isOurs ? ranges.layers : ranges.layers.map(wider);
  return {
    ...artifact,
    public: { ...artifact.public, ranges: { ...ranges, layers }, method: methodReference(method) },
  };
}

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
