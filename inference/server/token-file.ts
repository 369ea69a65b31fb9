/** What a file of tokens looks like: the hashes of their secrets, by name. */
import * as z from 'zod';
import { CipherPruneError } from '../../util/errors.js';

/** A file that is no file of tokens, or a name that cannot be in one. */
export class TokenFileError extends CipherPruneError {
  override name = 'TokenFileError';
  readonly code = 'ERR_TOKEN_FILE';
}

const fileSchema = z.strictObject({
  format: z.literal('cipherprune-tokens'),
  formatVersion: z.literal(1),
  tokens: z.array(
    z.strictObject({
      name: z
        .string()
        .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'expected letters, digits, dots, - and _, at most 64'),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      created: z.string(),
      revoked: z.string().optional(),
    }),
  ),
});

export type TokenFile = z.output<typeof fileSchema>;
export type StoredToken = TokenFile['tokens'][number];

/** @throws TokenFileError that names `where` */
export function parseTokenFile(text: string, where: string): TokenFile {
  let literal: unknown;
  try {
    literal = JSON.parse(text);
  } catch (error) {
    throw new TokenFileError(
      `${where}: expected a file of tokens (tokens add), got ${(error as Error).message}`,
    );
  }
  const parsed = fileSchema.safeParse(literal);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new TokenFileError(`${where}: ${issue?.path.join('.')}: ${issue?.message}`);
}
