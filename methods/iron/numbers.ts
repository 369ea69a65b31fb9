/** The numbers of IRON's functions, which are those of SiRNN's math library. */
export interface IronNumbers {
  /** Ring and fraction bits of everything that enters or leaves a function. */
  readonly ringBits: number;
  readonly fractionBits: number;
  /** exp(-x): bits of a digit of x, and of a table's entry. */
  readonly digitBits: number;
  readonly entryBits: number;
  /** 1/x: bits by which a number in [1, 2) chooses slope and offset. */
  readonly reciprocalBits: number;
  /** 1/sqrt(x): bits by which a number in [1, 4) chooses the start of one step of Newton's. */
  readonly rootBits: number;
  /** gelu(x) = x/2 (1 + tanh(scale (x + cubic x³))) */
  readonly gelu: { readonly scale: number; readonly cubic: number };
}

export const ironNumbers: IronNumbers = {
  ringBits: 37,
  fractionBits: 12,
  digitBits: 8,
  entryBits: 14,
  reciprocalBits: 5,
  rootBits: 6,
  gelu: { scale: Math.sqrt(2 / Math.PI), cubic: 0.044715 },
};
