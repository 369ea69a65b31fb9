/** The functions of one layer of BERT-base with 128 tokens, in high and in low degree, and pruning to half. */
import type { Backend } from '../inference/backends/backend.js';
import { privateTensor, type RingFormat } from '../inference/core/ring-tensor.js';
import { type Shape, sizeOf } from '../inference/core/shape.js';
import type { PrivateTensor, SharedTensor } from '../inference/core/tensors.js';
import { layerPlan } from '../inference/engine/plan.js';
import { layerNormFormats } from '../inference/functions/layer-norm.js';
import { privateThresholds } from '../methods/cipherprune/thresholds.js';
import { DEFAULT_METHOD } from '../methods/index.js';
import { modelConfigOf } from './model-sizes.js';
import type { ProtocolCase } from './protocol-cases.js';
import { randomArtifact } from './random-model.js';

const TOKENS = 128;

/** Ring widths follow from the ranges that the random models declare; a small model has the same. */
function planOf() {
  const config = { ...modelConfigOf('bert-base'), layers: 1, vocabularySize: 8 };
  const { public: model } = randomArtifact(config, 1);
  return { config, plan: layerPlan(model, 0, TOKENS, true) };
}

/** The server's values, shared; costs do not depend on them. */
async function shared(
  mpc: Backend,
  shape: Shape,
  format: RingFormat,
  valueAt: (index: number) => number = (index) => (index % 17) / 16,
): Promise<SharedTensor> {
  const values =
    mpc.self === 'server' ? Float64Array.from({ length: sizeOf(shape) }, (_, i) => valueAt(i)) : null;
  return mpc.share(privateTensor('server', shape, format, values));
}

function geluCase(degree: 'high' | 'low'): ProtocolCase {
  const { config, plan } = planOf();
  const shape = [TOKENS, config.intermediateSize] as const;
  return {
    name: `GELU, ${degree}`,
    shape: shape.join(' x '),
    prepare: async (mpc) => {
      const x = await shared(mpc, shape, { ringBits: plan.activation.out.ringBits, fractionBits: 20 });
      return () => DEFAULT_METHOD.gelu(mpc, x, degree === 'high' ? TOKENS : 0, plan.activation);
    },
  };
}

function softmaxCase(degree: 'high' | 'low'): ProtocolCase {
  const { config, plan } = planOf();
  const rows = TOKENS * config.heads;
  return {
    name: `softmax, ${degree}`,
    shape: `${rows} x ${TOKENS}`,
    prepare: async (mpc) => {
      const x = await shared(mpc, [rows, TOKENS], plan.attention.logits);
      return () => DEFAULT_METHOD.softmax(mpc, x, degree === 'high' ? rows : 0, plan.attention.softmax);
    },
  };
}

function layerNormCase(): ProtocolCase {
  const { config, plan } = planOf();
  const features = config.hiddenSize;
  return {
    name: 'LayerNorm',
    shape: `${TOKENS} x ${features}`,
    prepare: async (mpc) => {
      const vector = (format: RingFormat, value: number): PrivateTensor =>
        privateTensor(
          'server',
          [features],
          format,
          mpc.self === 'server' ? new Float64Array(features).fill(value) : null,
        );
      const formats = layerNormFormats(plan.attentionNorm);
      const parameters = { gamma: vector(formats.gamma, 1), beta: vector(formats.beta, 0) };
      const x = await shared(
        mpc,
        [TOKENS, features],
        { ringBits: 29, fractionBits: 12 },
        (i) => (i % 2) * 4 - 2,
      );
      return () => DEFAULT_METHOD.layerNorm(mpc, x, parameters, plan.attentionNorm);
    },
  };
}

/** Scores are 0, 1, 2, ...; the upper half is kept, and half of it important. */
function pruneCase(): ProtocolCase {
  const { config, plan } = planOf();
  const half = TOKENS / 2;
  return {
    name: `prune ${half} of ${TOKENS} rows`,
    shape: `rows of ${config.hiddenSize} x ${plan.attention.context.ringBits} and ${config.hiddenSize} x 29 bits`,
    prepare: async (mpc) => {
      const scores = await shared(mpc, [TOKENS], plan.attention.softmax.out, (i) => i);
      const context = await shared(mpc, [TOKENS, config.hiddenSize], plan.attention.context);
      const residual = await shared(mpc, [TOKENS, config.hiddenSize], { ringBits: 29, fractionBits: 12 });
      const largest = config.heads * TOKENS;
      const thresholds = privateThresholds(
        mpc.self === 'server' ? { prune: half + 0.5, reduce: half * 1.5 } : null,
        largest,
      );
      const tensors = [context, residual];
      return () =>
        DEFAULT_METHOD.eliminate(mpc, { scores, largest, thresholds, tensors: async () => tensors });
    },
  };
}

export const functionCases = (): readonly ProtocolCase[] => [
  geluCase('high'),
  geluCase('low'),
  softmaxCase('high'),
  softmaxCase('low'),
  layerNormCase(),
  pruneCase(),
];
