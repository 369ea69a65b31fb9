/** Least squares over rows that come a batch at a time (ridge regression). */
import { kernels } from '#kernels';

/** Of the mean square of each input, whatever its unit: weights that the rows say nothing about stay small. */
const RIDGE = 1e-3;

/** XᵀX [n, n] and XᵀY [n, m] of rows x with a 1 at their end, and y. */
export class NormalEquations {
  readonly #square: Float64Array;
  readonly #product: Float64Array;

  constructor(
    readonly inputs: number,
    readonly outputs: number,
  ) {
    this.#square = new Float64Array((inputs + 1) ** 2);
    this.#product = new Float64Array((inputs + 1) * outputs);
  }

  add(x: Float32Array, y: Float32Array, count: number): void {
    const n = this.inputs + 1;
    const sum = (b: Float32Array, columns: number, into: Float64Array): void => {
      const c = new Float32Array(n * columns);
      kernels.floatGemm({ transposeA: true, m: n, n: columns, k: count, a: x, b, c, batch: 1 });
      c.forEach((value, i) => {
        into[i] = into[i]! + value;
      });
    };
    sum(x, n, this.#square);
    sum(y, this.outputs, this.#product);
  }

  /** W [outputs, inputs] and b [outputs] of least Σ |x·Wᵀ + b - y|², and a little of |W|². */
  solve(): { readonly weight: Float32Array<ArrayBuffer>; readonly bias: Float32Array<ArrayBuffer> } {
    const [n, m] = [this.inputs + 1, this.outputs];
    for (let i = 0; i < this.inputs; i++) this.#square[i * n + i]! *= 1 + RIDGE;
    const solution = solvePositive(this.#square, this.#product, n, m);
    const weight = new Float32Array(m * this.inputs);
    for (let i = 0; i < this.inputs; i++)
      for (let o = 0; o < m; o++) weight[o * this.inputs + i] = solution[i * m + o]!;
    return { weight, bias: Float32Array.from(solution.subarray(this.inputs * m)) };
  }
}

/** a [n, n] symmetric and positive definite, b [n, m] → a⁻¹·b, by Cholesky's factors; both arrays are used up. */
function solvePositive(a: Float64Array, b: Float64Array, n: number, m: number): Float64Array {
  for (let j = 0; j < n; j++) {
    for (let k = 0; k < j; k++) {
      const factor = a[j * n + k]!;
      if (factor !== 0) for (let i = j; i < n; i++) a[i * n + j]! -= factor * a[i * n + k]!;
    }
    const root = Math.sqrt(a[j * n + j]!);
    for (let i = j; i < n; i++) a[i * n + j]! /= root;
  }
  const subtract = (to: number, from: number, factor: number): void => {
    for (let c = 0; c < m; c++) b[to * m + c]! -= factor * b[from * m + c]!;
  };
  const divide = (row: number): void => {
    for (let c = 0; c < m; c++) b[row * m + c]! /= a[row * n + row]!;
  };
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) subtract(i, k, a[i * n + k]!);
    divide(i);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) subtract(i, k, a[k * n + i]!);
    divide(i);
  }
  return b;
}
