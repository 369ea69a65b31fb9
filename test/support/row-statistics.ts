/** Of x [rows, features] in float, one after the other: what LayerNorm takes away and divides by. */
export function rowStatistics(
  x: Float64Array | readonly number[],
  features: number,
): { readonly mean: number; readonly variance: number }[] {
  return Array.from({ length: x.length / features }, (_, r) => {
    const row = Array.from(x.slice(r * features, (r + 1) * features));
    const mean = row.reduce((a, b) => a + b, 0) / features;
    return { mean, variance: row.reduce((a, b) => a + (b - mean) ** 2, 0) / features };
  });
}
