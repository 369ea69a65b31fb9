/**
 * The numbers of BOLT (Pang et al., IEEE S&P 2024, section 5) as the paper and the authors' program have them. Polynomials are given as they
 * are evaluated, with Motzkin's preconditioning: two products in place of three.
 */

/** On y = |x| below `clip`: z = (a y + b) y + c, gelu(x) = (z + a y + d) z + e + x/2; above it max(x, 0). */
export interface BoltGelu {
  readonly clip: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
}

/** exp(x) = (scale (p + shift)² + offset) 2^-l for x at most 0, l = ⌊x / -ln 2⌋, p = x + l ln 2 in (-ln 2, 0]; 0 from l = `most` on. */
export interface BoltExp {
  readonly scale: number;
  readonly shift: number;
  readonly offset: number;
  readonly most: number;
}

/** On y = |x| below `clip`: p = (y + a) y + b, tanh(y) = (p + y + c) p y d + e y + f; 1 above it; odd. */
export interface BoltTanh {
  readonly clip: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
}

export interface BoltNumbers {
  readonly gelu: BoltGelu;
  readonly exp: BoltExp;
  readonly tanh: BoltTanh;
}

export const boltNumbers: BoltNumbers = {
  gelu: {
    clip: 2.7,
    a: 0.14439048359960427,
    b: -0.7077117131613893,
    c: 4.5702822654246535,
    d: -8.15444702051307,
    e: 16.382265425072532,
  },
  exp: { scale: 0.3585, shift: 1.353, offset: 0.344, most: 14 },
  tanh: {
    clip: 2.855,
    a: -4.259314087994767,
    b: 18.86353816972803,
    c: -36.42402897526823,
    d: -0.013232131886235352,
    e: -3.3289339650097993,
    f: -0.0024920889620412097,
  },
};
