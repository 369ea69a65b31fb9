/** Ordinary least squares and correlation, for attacks that tests try. */

/** Solves a symmetric positive definite system by Cholesky's decomposition; a [n, n], b [n] */
function solve(a: Float64Array, b: Float64Array): Float64Array {
  const n = b.length;
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= l[i * n + k]! * l[j * n + k]!;
      l[i * n + j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / l[j * n + j]!;
    }
  const x = Float64Array.from(b);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= l[i * n + k]! * x[k]!;
    x[i]! /= l[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= l[k * n + i]! * x[k]!;
    x[i]! /= l[i * n + i]!;
  }
  return x;
}

const centred = (values: ArrayLike<number>): Float64Array => {
  const mean = Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
  return Float64Array.from(values, (value) => value - mean);
};

/** rows [samples][n], y [samples] → the n slopes that explain y best, with an intercept */
export function slopes(rows: readonly Float64Array[], y: readonly number[]): Float64Array {
  const n = rows[0]!.length;
  const mean = new Float64Array(n);
  for (const row of rows)
    row.forEach((value, i) => {
      mean[i]! += value / rows.length;
    });
  const deviation = centred(y);
  const gram = new Float64Array(n * n);
  const moments = new Float64Array(n);
  rows.forEach((row, sample) => {
    const x = row.map((value, i) => value - mean[i]!);
    for (let i = 0; i < n; i++) {
      moments[i]! += x[i]! * deviation[sample]!;
      for (let j = 0; j <= i; j++) gram[i * n + j]! += x[i]! * x[j]!;
    }
  });
  return solve(gram, moments);
}

/** 0 where one of them does not vary. */
export function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [x, y] = [centred(a), centred(b)];
  const product = (p: Float64Array, q: Float64Array) => p.reduce((sum, value, i) => sum + value * q[i]!, 0);
  const size = Math.sqrt(product(x, x) * product(y, y));
  return size === 0 ? 0 : product(x, y) / size;
}
