/** The least whole number n with every column of the matrix [*, outputs] of Euclidean norm 2^n at most. */
export function columnNormBits(values: Int16Array, outputs: number): number {
  const squares = new Float64Array(outputs);
  for (let i = 0, column = 0; i < values.length; i++) {
    const value = values[i]!;
    squares[column] = squares[column]! + value * value;
    column = column + 1 === outputs ? 0 : column + 1;
  }
  const largest = squares.reduce((most, square) => Math.max(most, square), 1);
  return Math.ceil(Math.log2(largest) / 2);
}
