/** Keys of homomorphic products, made (client) or received (server) once a connection. */
import { kernels } from '#kernels';
import type { SuiteCode } from '../../../../kernels/types/prg.js';
import { protocol } from '../../../core/span.js';
import { takeWords } from '../../../core/words.js';
import { evaluationKeyBytes, expandEvaluationKeys, KeyGenerator } from '../../../crypto/rlwe/keys.js';
import type { PackedLayout, ProductShape } from '../../../crypto/rlwe/packed-layout.js';
import { Decryptor, Encryptor, Evaluator } from '../../../crypto/rlwe/packed-product.js';
import type { RlweParameters } from '../../../crypto/rlwe/parameters.js';
import type { Random, Session } from '../../../session/session.js';
import type { Steps } from '../context/steps.js';

/** The two halves of homomorphic multiplication: the client encrypts, the server evaluates. */
export type ProductRole =
  | { readonly party: 'client'; readonly encryptor: Encryptor; readonly decryptor: Decryptor }
  | { readonly party: 'server'; readonly evaluator: Evaluator };

/** Keys and settings of one connection. */
export interface ProductSession {
  readonly session: Session;
  /** Where products may run beside other protocols. */
  readonly steps?: Steps;
  readonly role: ProductRole;
  layoutOf(shape: ProductShape): PackedLayout;
}

/** Uniform words modulo 2^bits, taken (core/words.ts). */
export function uniformWords(random: Random, count: number, bits: number): BigUint64Array {
  const words = takeWords(count);
  kernels.ringUnpack(random.bytes(Math.ceil((count * bits) / 8)), bits, words);
  return words;
}

/** One message from the client: seeds, public key, Galois keys. */
export const exchangeKeys = protocol(
  'linear set-up',
  async (
    session: Session,
    parameters: RlweParameters,
    threads: number,
    suite: SuiteCode,
  ): Promise<ProductRole> => {
    const { channel, random } = session;
    if (session.self === 'client') {
      const generator = new KeyGenerator(parameters, random, suite);
      channel.send(generator.evaluationKeys());
      return {
        party: 'client',
        encryptor: new Encryptor(generator.secretKey, random, threads),
        decryptor: new Decryptor(generator.secretKey, threads),
      };
    }
    const message = await channel.receive(evaluationKeyBytes(parameters));
    const keys = expandEvaluationKeys(parameters, message, suite);
    return { party: 'server', evaluator: new Evaluator(keys, random, threads) };
  },
);
