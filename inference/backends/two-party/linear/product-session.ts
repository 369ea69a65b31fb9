/** Keys of homomorphic products, made and received once a connection. */
import { kernels } from '#kernels';
import type { SuiteCode } from '../../../../kernels/types/prg.js';
import { protocol } from '../../../core/span.js';
import { takeWords } from '../../../core/words.js';
import { evaluationKeyBytes, expandEvaluationKeys, KeyGenerator } from '../../../crypto/rlwe/keys.js';
import type { Layouts } from '../../../crypto/rlwe/packed-layout.js';
import { Decryptor, Encryptor, Evaluator } from '../../../crypto/rlwe/packed-product.js';
import type { RlweParameters } from '../../../crypto/rlwe/parameters.js';
import type { Random, Session } from '../../../session/session.js';
import type { Steps } from '../context/steps.js';

/**
 * The two halves of homomorphic multiplication: who has a secret key encrypts, who has its evaluation keys multiplies. The client
 * does the first and the server the second; where products are mutual both do both, each with a key of its own.
 */
export type ProductRole =
  | {
      readonly party: 'client';
      readonly encryptor: Encryptor;
      readonly decryptor: Decryptor;
      readonly evaluator: Evaluator | null;
    }
  | {
      readonly party: 'server';
      readonly encryptor: Encryptor | null;
      readonly decryptor: Decryptor | null;
      readonly evaluator: Evaluator;
    };

export const isMutual = ({ encryptor, evaluator }: ProductRole): boolean =>
  encryptor !== null && evaluator !== null;

/** Keys and settings of one connection. */
export interface ProductSession {
  readonly session: Session;
  /** Where products may run beside other protocols. */
  readonly steps?: Steps;
  readonly role: ProductRole;
  readonly layouts: Layouts;
}

/** Uniform words modulo 2^bits, taken (core/words.ts). */
export function uniformWords(random: Random, count: number, bits: number): BigUint64Array {
  const words = takeWords(count);
  kernels.ringUnpack(random.bytes(Math.ceil((count * bits) / 8)), bits, words);
  return words;
}

function sendKeys(
  { channel, random }: Session,
  { parameters, threads, suite }: KeyOptions,
): { readonly encryptor: Encryptor; readonly decryptor: Decryptor } {
  const generator = new KeyGenerator(parameters, random, suite);
  channel.send(generator.evaluationKeys());
  const { secretKey } = generator;
  return {
    encryptor: new Encryptor(secretKey, random, threads),
    decryptor: new Decryptor(secretKey, threads),
  };
}

/** @throws ProtocolError if a residue is not below its prime */
async function receiveKeys(
  { channel, random }: Session,
  { parameters, threads, suite }: KeyOptions,
): Promise<Evaluator> {
  const message = await channel.receive(evaluationKeyBytes(parameters));
  return new Evaluator(expandEvaluationKeys(parameters, message, suite), random, threads);
}

export interface KeyOptions {
  readonly parameters: RlweParameters;
  readonly threads: number;
  readonly suite: SuiteCode;
  /** Keys go both ways. */
  readonly mutual: boolean;
}

/** One message of each party that encrypts: seeds, public key, Galois keys. */
export const exchangeKeys = protocol(
  'linear set-up',
  async (session: Session, options: KeyOptions): Promise<ProductRole> => {
    const { self: party } = session;
    if (party === 'client') {
      const own = sendKeys(session, options);
      return { party, ...own, evaluator: options.mutual ? await receiveKeys(session, options) : null };
    }
    const own = options.mutual ? sendKeys(session, options) : { encryptor: null, decryptor: null };
    return { party, ...own, evaluator: await receiveKeys(session, options) };
  },
);
