/** LayerNorm with what surrounds it in a post-norm encoder: dropout, the residual, and the soft pruning mask. */
import * as tf from '@tensorflow/tfjs';
import { kernels } from '#kernels';
import {
  type Attributes,
  defineGradient,
  defineKernel,
  onNativeBackend,
  runKernel,
} from '../backend/kernel.js';

export interface LayerNormInputs {
  /** [rows, columns] */
  readonly x: tf.Tensor2D;
  readonly residual: tf.Tensor2D | null;
  readonly gamma: tf.Tensor1D;
  readonly beta: tf.Tensor1D;
  /** [rows]: multiplies the result. */
  readonly rowWeight: tf.Tensor1D;
}

export interface LayerNormOptions {
  readonly epsilon: number;
  /** Dropout of x before the residual is added, and of the result. */
  readonly inputDropout: number;
  readonly outputDropout: number;
  readonly seed: number;
}

/** rowWeight · dropout(gamma · normalize(dropout(x) + residual) + beta) → [rows, columns] */
export function layerNorm(inputs: LayerNormInputs, options: LayerNormOptions): tf.Tensor2D {
  const { x, residual, gamma, beta, rowWeight } = inputs;
  if (!onNativeBackend()) return plainLayerNorm(inputs, options);
  const tensors = { x, gamma, beta, rowWeight, ...(residual ? { residual } : {}) };
  return runKernel('EncoderLayerNorm', tensors, { ...options })[0] as tf.Tensor2D;
}

const dropout = <T extends tf.Tensor>(x: T, rate: number, seed: number): T =>
  rate > 0 ? (tf.dropout(x, rate, undefined, seed) as T) : x;

function plainLayerNorm(inputs: LayerNormInputs, options: LayerNormOptions): tf.Tensor2D {
  const dropped = dropout(inputs.x, options.inputDropout, options.seed);
  const sum = inputs.residual ? dropped.add(inputs.residual) : dropped;
  const centered = sum.sub(sum.mean(1, true));
  const variance = centered.square().mean(1, true);
  const normalized = centered.div(variance.add(options.epsilon).sqrt());
  const y = normalized.mul(inputs.gamma).add(inputs.beta).mul(inputs.rowWeight.expandDims(1)) as tf.Tensor2D;
  return dropout(y, options.outputDropout, options.seed + 1);
}

const optionsOf = (attributes: Attributes): LayerNormOptions => attributes as unknown as LayerNormOptions;

export function registerLayerNorm(): void {
  defineKernel('EncoderLayerNorm', (backend, { x, residual, gamma, beta, rowWeight }, attributes) => {
    const [rows, columns] = x!.shape as [number, number];
    const { epsilon, inputDropout, outputDropout, seed } = optionsOf(attributes);
    const y = backend.make([rows, columns]);
    const normalized = backend.make([rows, columns]);
    const inverseDeviation = backend.make([rows]);
    kernels.floatLayerNorm({
      rows,
      columns,
      x: backend.floats(x!),
      residual: residual ? backend.floats(residual) : null,
      gamma: backend.floats(gamma!),
      beta: backend.floats(beta!),
      rowWeight: backend.floats(rowWeight!),
      epsilon,
      inputDropout,
      outputDropout,
      seed,
      y: y.values,
      normalized: normalized.values,
      inverseDeviation: inverseDeviation.values,
    });
    return [y.info, normalized.info, inverseDeviation.info];
  });
  defineKernel('EncoderLayerNormGrad', (backend, inputs, attributes) => {
    const [rows, columns] = inputs.dy!.shape as [number, number];
    const { inputDropout, outputDropout, seed } = optionsOf(attributes);
    const floats = (name: string): Float32Array => backend.floats(inputs[name]!);
    const [dx, dResidual] = [backend.make([rows, columns]), backend.make([rows, columns])];
    const [dGamma, dBeta, dRowWeight] = [
      backend.make([columns]),
      backend.make([columns]),
      backend.make([rows]),
    ];
    kernels.floatLayerNormGrad({
      rows,
      columns,
      dy: floats('dy'),
      normalized: floats('normalized'),
      inverseDeviation: floats('inverseDeviation'),
      gamma: floats('gamma'),
      beta: floats('beta'),
      rowWeight: floats('rowWeight'),
      inputDropout,
      outputDropout,
      seed,
      dx: dx.values,
      dResidual: dResidual.values,
      dGamma: dGamma.values,
      dBeta: dBeta.values,
      dRowWeight: dRowWeight.values,
    });
    return [dx, dResidual, dGamma, dBeta, dRowWeight].map(({ info }) => info);
  });
  defineGradient({
    kernelName: 'EncoderLayerNorm',
    inputsToSave: ['gamma', 'beta', 'rowWeight'],
    outputsToSave: [false, true, true],
    gradient: ([dy], [gamma, beta, rowWeight, normalized, inverseDeviation], attributes) => {
      const inputs = {
        dy: dy!,
        gamma: gamma!,
        beta: beta!,
        rowWeight: rowWeight!,
        normalized: normalized!,
        inverseDeviation: inverseDeviation!,
      };
      const [dx, dResidual, dGamma, dBeta, dRowWeight] = runKernel(
        'EncoderLayerNormGrad',
        inputs,
        attributes,
      );
      return { x: dx!, residual: dResidual!, gamma: dGamma!, beta: dBeta!, rowWeight: dRowWeight! };
    },
  });
}
