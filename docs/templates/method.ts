/**
 * A method of one's own, whole: CipherPrune's pruning with another GELU. A function over the seam, a rule of elimination or
 * another softmax would stand in the same place. Copy it, give it a name, and load it before the command line:
 *
 *     NODE_OPTIONS='--import ./quadratic-gelu.mjs' npx cipherprune train --config run.yaml --set method=quadratic-gelu
 *
 * Training reads `curves`, the engine `gelu` and the other functions; both come from one set of numbers. Server and client load
 * the file, and the artifact has the digest of `numbers`, which each compares with its own. docs/extending.md says what else there is.
 */
import { type Method, methodNamed, type Piecewise, piecewiseOf, registerMethod } from 'cipherprune/methods';

/** 0 below -2, (x + 2)² / 8 up to 2, x above: the pieces meet, with their slopes. */
const GELU: Piecewise = {
  kind: 'polynomial',
  squarings: 0,
  bounds: [-2, 2],
  segments: [[0], [0.5, 0.5, 0.125], [0, 1]],
};

/** What is not said here is as in this method. */
const base = methodNamed('cipherprune-prune');
const gelu = piecewiseOf('gelu', GELU);
const gelus = { high: GELU, low: GELU };

export const quadraticGelu: Method = {
  ...base,
  name: 'quadratic-gelu',
  source: 'docs/templates',
  numbers: { ...base.numbers, gelu: GELU },
  curves: {
    ...base.curves,
    activation: { ...base.curves.activation, gelu: gelus, 'gelu-tanh': gelus },
  },
  // What a model is of while it has no thresholds yet, and so names itself.
  unpruned: 'quadratic-gelu-dense',
  gelu: (mpc, x, _high, plan) => gelu(mpc, x, plan),
};

registerMethod(quadraticGelu);
registerMethod({
  ...quadraticGelu,
  name: 'quadratic-gelu-dense',
  learns: 'nothing',
  opens: [],
  unpruned: 'quadratic-gelu-dense',
  eliminatesIn: () => false,
});
