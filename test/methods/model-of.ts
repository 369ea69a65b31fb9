/** Small models of every method. */
import type { Method } from '../../methods/method.js';
import { methodReference } from '../../methods/reference.js';
import type { Artifact, LayerRanges } from '../../model/artifact/artifact.js';
import { randomModel } from '../inference/engine/random-model.js';

/** Ranges for functions that reach further than those for which a random model was calibrated. */
const wider = ({ outputVariance, attentionVariance, ...ranges }: LayerRanges): LayerRanges => {
  const variance = ({ min, max }: LayerRanges['outputVariance']) => ({ min: min / 4, max: 16 * max });
  const others = Object.fromEntries(Object.entries(ranges).map(([name, range]) => [name, 4 * (range ?? 0)]));
  return {
    ...(others as typeof ranges),
    outputVariance: variance(outputVariance),
    attentionVariance: variance(attentionVariance),
  };
};

/** A random model that is said to be of a method. */
export function modelOf(method: Method): Artifact {
  const artifact = randomModel({
    layers: 3,
    prunes: method.learns !== 'nothing',
    reduces: true,
    seed: 3,
    method,
  });
  const { ranges } = artifact.public;
  const isOurs = method.curves.softmax.low === 'less the maximum';
  const layers = isOurs ? ranges.layers : ranges.layers.map(wider);
  return {
    ...artifact,
    public: { ...artifact.public, ranges: { ...ranges, layers }, method: methodReference(method) },
  };
}
