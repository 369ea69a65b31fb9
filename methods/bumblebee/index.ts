/**
 * BumbleBee (Lu et al., NDSS 2025): PUMA's polynomials for GELU between other borders, exp as (1 + x/2⁶)^(2⁶). No token leaves;
 * `bumblebee-prune` adds CipherPrune's learned thresholds.
 */
import { type PumaNumbers, pumaGelu, pumaLike } from '../puma/index.js';

const SOURCE = 'BumbleBee: Secure Two-party Inference Framework for Large Transformers, NDSS 2025';
const NUMBERS: PumaNumbers = { gelu: pumaGelu([-5, -1.97, 3]), exp: { squarings: 6, zeroBelow: -14 } };

export const bumblebee = pumaLike('bumblebee', SOURCE, 'nothing', NUMBERS);
/** With CipherPrune's pruning. */
export const bumblebeePrune = pumaLike('bumblebee-prune', SOURCE, 'prune', NUMBERS);
