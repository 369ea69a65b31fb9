/**
 * THE seam. Every secure operation of the engine goes through `Backend`; `functions/` and `engine/` know nothing
 * below it, and only `run/` chooses which backend stands behind it.
 *
 * Numbers are integers modulo 2^ringBits that stand for value / 2^fractionBits, in two's complement. The ring
 * travels with the tensor, because small rings are cheap: the low k bits of both shares are a sharing modulo 2^k
 * (`narrow`), and shifting both shares right by d gives a sharing modulo 2^(k-d) of the shifted value
 * (`truncateReduce`), both without a message. Only going back to a larger ring (`widen`) communicates.
 *
 * Synchronous means local; a promise means communication. Both parties call the same operations in the same order.
 */
import type { RingFormat } from '../core/ring-tensor.js';
import type { Shape } from '../core/shape.js';
import type { PartyId, PrivateTensor, RingTensor, SharedBits, SharedTensor } from '../core/tensors.js';
import type { DeclaredLeak } from '../session/leaks.js';
import type { LineTable } from '../core/line-table.js';
import type { TournamentStep } from '../core/tournament.js';

/**
 * The server's matrices, prepared once per model: `linear` computes x · matrix + bias. Several matrices with the same
 * input are one weight with concatenated columns. |entries| < 2^(weightBits - 1); scale 2^-fractionBits.
 */
export interface Weight {
  readonly kind: 'weight';
  readonly inputs: number;
  readonly outputs: number;
  readonly weightBits: number;
  /** log2 of a bound on the Euclidean norm of any column; by default that of entries of weightBits each. */
  readonly normBits?: number | undefined;
  readonly fractionBits: number;
}

/** What the server hands to `prepare`; `matrix` and `bias` are null at the client, which knows the rest. */
export interface WeightSource {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** Bits of a signed entry, 2 to 16. */
  readonly weightBits: number;
  /** As in Weight. */
  readonly normBits?: number | undefined;
  readonly fractionBits: number;
  /** [inputs, outputs], row-major. */
  readonly matrix: Int16Array | null;
  /** [outputs], real numbers; rounded to the scale of the product. */
  readonly bias: Float64Array | null;
}

/** A value that is opened on purpose. Names are declared in `session/leaks.ts`; tests compare a run's list. */
export type LeakName = DeclaredLeak;

/** What follows from what each party holds, without a message. */
export interface LocalOperations {
  add(x: SharedTensor, y: SharedTensor): SharedTensor;
  subtract(x: SharedTensor, y: SharedTensor): SharedTensor;
  negate(x: SharedTensor): SharedTensor;
  /** x + value at x's scale; `value` is public: one number, or as many as the last axis of x has. */
  addPublic(x: SharedTensor, value: number | Float64Array): SharedTensor;
  /** x + value, which one party knows: that party adds it to its own share. Same ring and scale; `value` may be a
   * suffix of x's shape (broadcast over the leading axes). */
  addPrivate(x: SharedTensor, value: PrivateTensor): SharedTensor;
  /** x times a public real number, encoded with `fractionBits` bits: the scale grows by them, the ring stays. */
  scale(x: SharedTensor, factor: number, fractionBits: number): SharedTensor;
  /** Σ factors[i] · x[i] over the first axis, which disappears; factors are public and encoded as those of `scale`. */
  combine(x: SharedTensor, factors: readonly number[], fractionBits: number): SharedTensor;
  /** The same bits read at another scale: x · 2^(x.fractionBits - fractionBits). */
  reinterpret(x: SharedTensor, fractionBits: number): SharedTensor;
  /** x · 2^bits in the same ring: `fractionBits` grows by bits, the value stays. */
  shiftLeft(x: SharedTensor, bits: number): SharedTensor;
  /** x · 2^bits in a ring of `bits` more bits: exact, since x modulo 2^k fixes x · 2^bits modulo 2^(k + bits). The undoing of
   * `truncateReduce`; `fractionBits` grows by bits. */
  expand(x: SharedTensor, bits: number): SharedTensor;
  /** Sum over one axis, which disappears. */
  sum(x: SharedTensor, axis: number): SharedTensor;
  /** Rows `begin` to `end` (exclusive) of one axis. */
  slice(x: SharedTensor, axis: number, begin: number, end: number): SharedTensor;
  concat(parts: readonly SharedTensor[], axis: number): SharedTensor;
  reshape(x: SharedTensor, shape: Shape): SharedTensor;
  transpose(x: SharedTensor, permutation: readonly number[]): SharedTensor;
  /** Rows of the first axis by public indices. */
  gatherRows(x: SharedTensor, rows: Uint32Array): SharedTensor;
  /** Repeats x over a new first axis. */
  broadcastRows(x: SharedTensor, rows: number): SharedTensor;
  /** Modulo 2^ringBits, at most x.ringBits: the value must fit. */
  narrow(x: SharedTensor, ringBits: number): SharedTensor;
  /**
   * x modulo 2^ringBits where |x| < range, and any number elsewhere: for what a later selection drops, so that it need not be
   * known yet where x fits.
   */
  narrowLoosely(x: SharedTensor, ringBits: number, range: number): SharedTensor;
  /** Drops the lowest bits: ring and scale shrink by `bits`. Off by at most one unit in the last place from the
   * cleartext backend, which rounds to nearest. */
  truncateReduce(x: SharedTensor, bits: number): SharedTensor;
  /** Public values as a shared tensor. */
  constant(values: Float64Array | number, shape: Shape, ringBits: number, fractionBits: number): SharedTensor;

  xor(a: SharedBits, b: SharedBits): SharedBits;
  not(a: SharedBits): SharedBits;
  sliceBits(a: SharedBits, axis: number, begin: number, end: number): SharedBits;
  concatBits(parts: readonly SharedBits[], axis: number): SharedBits;
  reshapeBits(a: SharedBits, shape: Shape): SharedBits;
}

/** An operation whose material is made ahead: what it works on for each row of the tensor that is asked for. */
export type WantedOperation =
  /** So many numbers of `bits` bits into a ring of `ringBits`. */
  | {
      readonly kind: 'square' | 'widen';
      readonly count: number;
      readonly bits: number;
      readonly ringBits: number;
    }
  /** Of one number. */
  | { readonly kind: 'lines'; readonly x: RingFormat; readonly table: LineTable }
  | { readonly kind: 'multiplyPrivate'; readonly factors: PrivateTensor; readonly ringBits: number }
  /** Of `width` numbers with one. */
  | { readonly kind: 'multiply'; readonly width: number; readonly ringBits: number };

/** Stages, one behind the other; each of lanes, side by side; each of operations, one behind the other. */
export type Wanted = readonly (readonly (readonly WantedOperation[])[])[];

export type RowsWay = (mpc: Backend, x: SharedTensor) => Promise<readonly SharedTensor[]>;

/** `isAhead`: of the first of two ways. */
export interface MadeRows {
  readonly isAhead: boolean;
  readonly tensors: readonly SharedTensor[];
}

/** What the parties do together; what an operation takes and gives is in operations.ts. */
export interface Protocols {
  share(x: PrivateTensor): Promise<SharedTensor>;
  /** Once per model; agrees on layouts, sends nothing about the weights. */
  prepare(source: WeightSource): Promise<Weight>;
  /** Announces factors that `multiplyPrivate` will meet in every text, so that products with them can be made ahead. */
  prepareFactors?(y: PrivateTensor): void;
  /**
   * x [rows, inputs] → x · W + b [rows, outputs], in x's ring, scale x.fractionBits + w.fractionBits.
   *
   * `into`, here and at the other products: what the caller cuts the product to (fixed-point.ts, `shrink`). A backend to which that saves
   * something gives it in this format, any other as it is: then what is cut off need not be exact, up to a unit of what is left.
   */
  linear(x: SharedTensor, w: Weight, into?: RingFormat): Promise<SharedTensor>;
  /** x [batch, n, k] · y [batch, k, m] → [batch, n, m]: same ring, scales add. */
  matmul(x: SharedTensor, y: SharedTensor, into?: RingFormat): Promise<SharedTensor>;
  /**
   * Elementwise in x's ring, scales add. y may also be a prefix of x's shape: [n] against [n, m] scales rows. y may be in a
   * smaller ring if |y| < 2^(y.ringBits - 2), as for `widen`, or with `ySign` 'non-negative' 0 <= y < 2^(y.ringBits - 1): the
   * cost goes by y's bits (halved at half the bits), and no `widen` of y is needed. If `yBits` says that a y in x's ring would fit a
   * smaller one in this way, the backend takes whichever of both rings costs less.
   */
  multiply(
    x: SharedTensor,
    y: SharedTensor,
    ySign?: Sign,
    yBits?: number,
    into?: RingFormat,
  ): Promise<SharedTensor>;
  /**
   * x · x elementwise; half the cost of `multiply`. Into a larger ring, at most 2 · x.ringBits - 1, if |x| < 2^(x.ringBits - 2) or
   * with `sign` 'non-negative' 0 <= x < 2^(x.ringBits - 1): half the cost again, and no `widen` of x is needed.
   */
  square(x: SharedTensor, ringBits?: number, sign?: Sign, into?: RingFormat): Promise<SharedTensor>;
  /** x [n, m] times y [m] (a value of at most `y.ringBits` bits that its owner knows), over all rows; scales add,
   * x's ring. */
  multiplyPrivate(x: SharedTensor, y: PrivateTensor, into?: RingFormat): Promise<SharedTensor>;
  /** To a larger ring. Requires -2^(k-2) <= value < 2^(k-2) for k = x.ringBits: one bit of headroom, so that the shares wrap exactly
   * when one of their top bits is set (Cheetah, USENIX Security 2022, section 5.1). Exact. */
  widen(x: SharedTensor, ringBits: number): Promise<SharedTensor>;
  /**
   * As `truncateReduce`, but to nearest, exactly: the result follows from the value alone. For what leads to an opened answer,
   * where each party's half of a local rounding error would be a random number that it knows.
   */
  round(x: SharedTensor, bits: number): Promise<SharedTensor>;
  /** The top bit of x in its own ring: narrow and truncate first, comparison costs by the bit. */
  isNegative(x: SharedTensor): Promise<SharedBits>;
  /**
   * The same for copies of x, to each of which other public values are added → [copies, ...]: comparisons with several
   * borders for little more than one of them.
   */
  areNegative(x: SharedTensor, copies: readonly RowShifts[]): Promise<SharedBits>;
  and(a: SharedBits, b: SharedBits): Promise<SharedBits>;
  toArithmetic(bits: SharedBits, ringBits: number): Promise<SharedTensor>;
  /**
   * bits ? x : 0. Bits may be a prefix of x's shape: one bit then selects a whole row. Into a larger ring, with a bit for each number, as what is
   * selected is widened: what is not selected may have any value.
   */
  multiplex(bits: SharedBits, x: SharedTensor, ringBits?: number): Promise<SharedTensor>;
  /**
   * A public table read at shared places: x, as unsigned integers of x.ringBits bits (at most 12), chooses among
   * `table` [2^x.ringBits]. The result has x's shape and the table's ring and scale. The whole table travels, hidden, for every
   * element. Give the same object for the same table: batches go by it.
   */
  lookUp(x: SharedTensor, table: RingTensor): Promise<SharedTensor>;
  /**
   * e^x elementwise, at so many fraction bits in a ring of two more. x stands for the number in [5 - 2^m, 0.65] that it is modulo 2^m, m
   * the bits of its ring in front of the point, 3 to 14: others must not occur. Off by up to two units; 0 below -(fractionBits + 7) ln 2.
   */
  exponential(x: SharedTensor, fractionBits: number): Promise<SharedTensor>;
  /**
   * A function of x [n] by a long table of lines or values where one was made ahead, in two messages; else what `otherwise` gives for the same function, in
   * the table's format. Give the same object for the same table. Backends without it make nothing ahead.
   */
  lines?(
    x: SharedTensor,
    table: LineTable,
    otherwise: (mpc: Backend, x: SharedTensor) => Promise<SharedTensor>,
  ): Promise<SharedTensor>;
  /**
   * The largest of each row of x [rows, columns] → [rows], in these steps where material was made ahead; else what `otherwise` gives, which is the same.
   * Differences of elements must fit x's ring. Backends without it make nothing ahead.
   */
  largest?(
    x: SharedTensor,
    steps: readonly TournamentStep[],
    otherwise: (mpc: Backend, x: SharedTensor) => Promise<SharedTensor>,
  ): Promise<SharedTensor>;
  /**
   * One of two ways to the same numbers of x [rows, ...], each → tensors of so many rows: `ahead` where all that it wants was made ahead (anything at all
   * where it wants nothing), else `otherwise`. Backends without it make nothing ahead.
   */
  ifMade?(x: SharedTensor, wanted: Wanted, ahead: RowsWay, otherwise: RowsWay): Promise<MadeRows>;
  /**
   * What a shuffle of so many rows needs before they are there, for one shuffle: beside other work it costs no message. Backends without it
   * need nothing.
   */
  prepareShuffle?(rows: number): Promise<ShuffleMaterial>;
  /** Rows (first axis) of all the given tensors and bits by one permutation that neither party knows. */
  shuffle(rows: ShuffleRows, material?: ShuffleMaterial | null): Promise<ShuffleRows>;
  /** Opens to one party or all, under a declared name, which the session records. */
  reveal(x: SharedTensor, to: PartyId | 'all', leak: LeakName): Promise<RingTensor | null>;
  revealBits(bits: SharedBits, to: PartyId | 'all', leak: LeakName): Promise<Uint8Array | null>;
  /**
   * Runs tasks at the same time, each with a backend of its own (for this task only), so that they share their rounds.
   * Nothing else may run meanwhile. Backends without it run them one after another.
   */
  together?<T>(tasks: readonly ((mpc: Backend) => Promise<T>)[]): Promise<T[]>;
}

/** See `Backend.scope`. */
export interface Scope {
  /** `result`: tensors, and arrays and plain objects of such. */
  end(result: unknown): void;
  /** Where something failed. */
  abandon(): void;
}

export interface Backend extends LocalOperations, Protocols {
  readonly self: PartyId;
  /**
   * The owners of text and model take no part: what they know is shared before the first layer, padding too, since nobody who
   * computes knows it.
   */
  readonly outsourced?: boolean;
  /** Tensors that are made until it ends and are not part of its result are used no more then (functions/scoped.ts). */
  scope?(): Scope;
}

/** Public values for the rows of a tensor's first axis: `value` for so many of them, one run after the other. */
export type RowShifts = readonly { readonly rows: number; readonly value: number }[];

/** What is known of a value's sign when it goes to a larger ring. */
export type Sign = 'signed' | 'non-negative';

/** Made by `prepareShuffle`; what is in it, the backend knows. */
export interface ShuffleMaterial {
  readonly kind: 'shuffle';
  readonly rows: number;
}

/** What `shuffle` permutes together: tensors [n, ...] and bits [n, ...]. */
export interface ShuffleRows {
  readonly tensors: readonly SharedTensor[];
  readonly bits: readonly SharedBits[];
}
