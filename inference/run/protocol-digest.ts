/**
 * The options that both parties must share for their protocols to fit together. The handshake compares their digest;
 * the model's own parameters are covered by the digest of its public part.
 */
import { METHODS } from '../../methods/index.js';
import { sha256 } from '../../model/sha256.js';
import { SUITE_PRESETS } from '../core/suite.js';
import { FERRET_1170_10_17 } from '../crypto/ot/ferret-parameters.js';
import { DEFAULT_K } from '../crypto/ot/soft-spoken.js';
import { residentPreset } from '../crypto/resident/parameters.js';
import { costModels } from '../crypto/rlwe/packed-layout.js';
import { standardPreset } from '../crypto/rlwe/parameters.js';

const { n, primes, specialPrimes } = standardPreset;

export const PROTOCOL_OPTIONS = {
  /** Of the engine's order of messages and the rule by which ciphertexts are laid out, which follow from no other option: raised when they change. */
  messages: 17,
  /** Computational and statistical security, bits. */
  security: { computational: 128, statistical: 40 },
  /** Either, as the client chooses in the handshake. */
  correlatedOts: { softspoken: DEFAULT_K, ferret: FERRET_1170_10_17 },
  /** Either, as both prefer in the handshake. */
  suites: SUITE_PRESETS,
  baseOt: 'ristretto255',
  shuffle: 'share-translation',
  /** Layouts of ciphertexts follow from the cost model of the line and the COTs. */
  linear: { n, primes, specialPrimes, layouts: costModels },
  residentWeights: residentPreset.name,
  methods: Object.fromEntries(METHODS.map(({ name, numbers }) => [name, numbers])),
} as const;

/** SHA-256 of the options as JSON, in the order above; hexadecimal. */
export const protocolDigest = (options: object = PROTOCOL_OPTIONS): string => sha256(JSON.stringify(options));
