/** Which neurons of a feed-forward block a line serves worst: those whose squares are worth having beside it. */

/** Sums over rows, for every neuron: of its activation's argument z and result g. */
export class NeuronSums {
  #count = 0;
  readonly #sums: Record<'z' | 'zz' | 'g' | 'gg' | 'zg', Float64Array>;

  constructor(readonly neurons: number) {
    const zeros = () => new Float64Array(neurons);
    this.#sums = { z: zeros(), zz: zeros(), g: zeros(), gg: zeros(), zg: zeros() };
  }

  /** inner, activated [count, neurons] */
  add(inner: Float32Array, activated: Float32Array, count: number): void {
    const { z, zz, g, gg, zg } = this.#sums;
    this.#count += count;
    for (let i = 0; i < inner.length; i++) {
      const at = i % this.neurons;
      const [a, b] = [inner[i]!, activated[i]!];
      z[at]! += a;
      zz[at]! += a * a;
      g[at]! += b;
      gg[at]! += b * b;
      zg[at]! += a * b;
    }
  }

  /** [neurons]: variance of g that the best line in z leaves. */
  left(): Float64Array {
    const n = this.#count;
    const { z, zz, g, gg, zg } = this.#sums;
    return z.map((sum, at) => {
      const ofZ = zz[at]! / n - (sum / n) ** 2;
      const ofBoth = zg[at]! / n - (sum / n) * (g[at]! / n);
      const ofG = gg[at]! / n - (g[at]! / n) ** 2;
      return ofZ > 0 ? Math.max(0, ofG - ofBoth ** 2 / ofZ) : 0;
    });
  }
}

/** The `count` neurons whose lines leave most of the block's output, in order. output [features, neurons]: weights of its second layer */
export function curvedNeurons(sums: NeuronSums, output: Float32Array, count: number): number[] {
  const { neurons } = sums;
  const norms = new Float64Array(neurons);
  output.forEach((weight, i) => {
    norms[i % neurons]! += weight * weight;
  });
  const left = sums.left().map((variance, at) => variance * norms[at]!);
  return Array.from(left.keys())
    .sort((a, b) => left[b]! - left[a]!)
    .slice(0, count);
}
