/** What attention and its gradient both take. */
interface AttentionInputs {
  high: Float64Array;
  low: Float64Array;
  lengths: Int32Array;
  firstOnly: boolean;
  /** What the curves get: logits less nothing (0), the largest of their row (1), or their mean (2). */
  highShift: number;
  lowShift: number;
  /** 0: scores are attention received; else less min(⌊(max - s) / ln 2⌋, this + 1) over heads and rows, without slope. */
  mostHalvings: number;
  heads: number;
  headSize: number;
  q: Float32Array;
  k: Float32Array;
  v: Float32Array;
  columnWeight: Float32Array;
  rowHigh: Float32Array;
  dropout: number;
  seed: number;
}

/**
 * Single-precision kernels of training. All matrices are row-major and contiguous; outputs are overwritten unless said
 * otherwise. Calls take one object; booleans that are left out are false, arrays that may be null may be left out. A wrong
 * length or type throws a TypeError before any memory is touched.
 *
 * A `curve` is a function of one variable as a Float64Array: [kind, squarings, segments, degree, bounds (segments - 1),
 * coefficients (segments × (degree + 1), lowest power first)]; kind 0 is a piecewise polynomial, squared `squarings`
 * times; kinds 1 to 4 (exact GELU, exp, tanh, GELU by its tanh formula) have no numbers behind their first four.
 */
export interface FloatKernels {
  /** Threads of the float kernels, the caller included. */
  floatThreads(): number;
  setFloatThreads(threads: number): void;

  /**
   * c [batch, m, n] = op(a) op(b) (+ bias [n]) (+ c); strides say whether a and b advance along the batch. With
   * `bfloat16`, a and b are rounded to bfloat16 (subnormals to 0) and summed in single precision where `hasBfloat16()`.
   */
  floatGemm(call: {
    transposeA?: boolean;
    transposeB?: boolean;
    m: number;
    n: number;
    k: number;
    a: Float32Array;
    b: Float32Array;
    c: Float32Array;
    bias?: Float32Array | null;
    accumulate?: boolean;
    batch: number;
    strideA?: boolean;
    strideB?: boolean;
    bfloat16?: boolean;
  }): void;
  /** out [columns] = sums over the rows of x [rows, columns]. */
  floatColumnSums(call: { x: Float32Array; rows: number; columns: number; out: Float32Array }): void;
  floatSumOfSquares(call: { x: Float32Array }): number;

  /** out = x + y or x · y, element by element. */
  floatAdd(call: { x: Float32Array; y: Float32Array; out: Float32Array }): void;
  floatMultiply(call: { x: Float32Array; y: Float32Array; out: Float32Array }): void;

  /** y = curve(x), and its derivative unless null. */
  floatCurve(call: {
    curve: Float64Array;
    x: Float32Array;
    y: Float32Array;
    derivative: Float32Array | null;
  }): void;
  /** y [rows, columns] = w · high(x) + (1 - w) · low(x) with w = rowHigh [rows]. */
  floatMix(call: {
    high: Float64Array;
    low: Float64Array;
    rows: number;
    columns: number;
    x: Float32Array;
    rowHigh: Float32Array;
    y: Float32Array;
  }): void;
  floatMixGrad(call: {
    high: Float64Array;
    low: Float64Array;
    rows: number;
    columns: number;
    x: Float32Array;
    rowHigh: Float32Array;
    dy: Float32Array;
    dx: Float32Array;
    dRowHigh: Float32Array;
  }): void;

  /** y = rowWeight · dropout(gamma · normalize(dropout(x) + residual) + beta); saves what the gradient needs. */
  floatLayerNorm(call: {
    rows: number;
    columns: number;
    x: Float32Array;
    residual: Float32Array | null;
    gamma: Float32Array;
    beta: Float32Array;
    rowWeight: Float32Array | null;
    epsilon: number;
    inputDropout: number;
    outputDropout: number;
    seed: number;
    y: Float32Array;
    normalized: Float32Array;
    inverseDeviation: Float32Array;
  }): void;
  floatLayerNormGrad(call: {
    rows: number;
    columns: number;
    dy: Float32Array;
    normalized: Float32Array;
    inverseDeviation: Float32Array;
    gamma: Float32Array;
    beta: Float32Array;
    rowWeight: Float32Array | null;
    inputDropout: number;
    outputDropout: number;
    seed: number;
    dx: Float32Array;
    dResidual: Float32Array;
    dGamma: Float32Array;
    dBeta: Float32Array;
    dRowWeight: Float32Array | null;
  }): void;

  /**
   * Attention with column weights and a mix of exponentials per row, of sequences of `lengths` [batch] tokens that follow
   * each other. q has the same rows or, with `firstOnly`, one a sequence; then `scores` is not computed and may be null.
   * `logits` has heads · queries · tokens numbers a sequence, for the gradient.
   */
  floatAttention(
    call: AttentionInputs & { context: Float32Array; scores: Float32Array | null; logits: Float32Array },
  ): void;
  floatAttentionGrad(
    call: AttentionInputs & {
      logits: Float32Array;
      dContext: Float32Array;
      dScores: Float32Array | null;
      dq: Float32Array;
      dk: Float32Array;
      dv: Float32Array;
      dColumnWeight: Float32Array;
      dRowHigh: Float32Array;
    },
  ): void;

  /** out [rows, columns] = the named rows of x [*, columns]. */
  floatGatherRows(call: { columns: number; x: Float32Array; rows: Int32Array; out: Float32Array }): void;
  /** out [*, columns] = the rows of x at their distinct places, 0 elsewhere. */
  floatScatterRows(call: { columns: number; x: Float32Array; rows: Int32Array; out: Float32Array }): void;
  /** out [batch · tokens, columns] = word + position + type rows. */
  floatEmbedding(call: {
    batch: number;
    tokens: number;
    columns: number;
    words: Int32Array;
    types: Int32Array;
    wordTable: Float32Array;
    positionTable: Float32Array;
    typeTable: Float32Array;
    out: Float32Array;
  }): void;
  floatEmbeddingGrad(call: {
    batch: number;
    tokens: number;
    columns: number;
    words: Int32Array;
    types: Int32Array;
    dy: Float32Array;
    dWord: Float32Array;
    dPosition: Float32Array;
    dType: Float32Array;
  }): void;

  /** One step of AdamW in place; corrections are 1 / (1 - beta^step). */
  floatAdamW(call: {
    parameter: Float32Array;
    mean: Float32Array;
    square: Float32Array;
    gradient: Float32Array;
    gradientScale: number;
    rate: number;
    beta1: number;
    beta2: number;
    epsilon: number;
    decay: number;
    correction1: number;
    correction2: number;
  }): void;

  /** The same for the named, distinct rows of a table [*, columns]; gradient is [count, columns]. */
  floatAdamWRows(call: {
    columns: number;
    count: number;
    parameter: Float32Array;
    mean: Float32Array;
    square: Float32Array;
    rows: Int32Array;
    gradient: Float32Array;
    gradientScale: number;
    rate: number;
    beta1: number;
    beta2: number;
    epsilon: number;
    decay: number;
    correction1: number;
    correction2: number;
  }): void;
}
