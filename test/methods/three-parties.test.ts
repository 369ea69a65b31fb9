/** Which methods three nodes take: all that open nothing beside the answer. */
import { expect, it } from 'vitest';
import { modelEntries } from '../../inference/three-party/model-entries.js';
import { METHODS } from '../../methods/index.js';
import { methodReference } from '../../methods/reference.js';
import { randomModel } from '../inference/engine/random-model.js';

it.each(METHODS)('$name', async (method) => {
  const artifact = randomModel({ layers: 2, prunes: method.learns !== 'nothing', reduces: true, seed: 3 });
  const entries = modelEntries({ ...artifact.public, method: methodReference(method) }, artifact.private);
  if (method.opens.length > 0) await expect(entries).rejects.toThrow('expected a model that opens nothing');
  else expect((await entries).length).toBeGreaterThan(10);
});
