/**
 * Mean of a model's numbers over the end of a phase (stochastic weight averaging, Izmailov et al., UAI 2018): a point in the middle of
 * those that training wanders between, at no cost for inference.
 */
import type { StoredTensor } from '../model/safetensors.js';
import { fromElements, toFloat32 } from '../model/stored-tensor.js';
import type { Parameters } from './parameters.js';

/** Steps between two points: neighbours are nearly the same, and a mean over millions of numbers takes time. */
const interval = 10;

export class WeightAverage {
  private count = 0;
  private readonly means = new Map<string, Float32Array<ArrayBuffer>>();

  /** Takes the parameters of every tenth step. */
  see(parameters: Parameters, step: number): void {
    if (step % interval !== 0) return;
    this.count++;
    for (const [name, { values }] of parameters) {
      const mean = this.means.get(name);
      if (!mean) this.means.set(name, Float32Array.from(values));
      else for (let i = 0; i < mean.length; i++) mean[i] = mean[i]! + (values[i]! - mean[i]!) / this.count;
    }
  }

  /** Puts the mean in the parameters' place; leaves them alone if none was seen. */
  apply(parameters: Parameters): void {
    for (const [name, mean] of this.means) parameters.get(name)!.values.set(mean);
  }

  /** For a checkpoint. */
  state(): { readonly tensors: Map<string, StoredTensor>; readonly count: number } {
    const tensors = new Map([...this.means].map(([name, mean]) => [name, fromElements(mean, [mean.length])]));
    return { tensors, count: this.count };
  }

  /** Goes on from a checkpoint. */
  restore(tensors: ReadonlyMap<string, StoredTensor>, count: number): void {
    this.count = count;
    this.means.clear();
    for (const [name, tensor] of tensors) this.means.set(name, Float32Array.from(toFloat32(tensor, name)));
  }
}
