/**
 * Who may ask, by name: a file with the hashes of secrets that `tokens add` printed once. Secrets are 32 random bytes, so that a
 * plain hash tells nothing of them. The file is read again when it changes: a token is revoked without a restart. Who changes it does so alone: of
 * two at the same time one would bring back what the other revoked.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { writeFileAtomically } from '../../model/write-file-atomically.js';
import { aloneBy } from '../../util/alone-in.js';
import { TOKEN_BYTES, tokenText } from '../net/token.js';
import { parseTokenFile, TokenFileError, type StoredToken, type TokenFile } from './token-file.js';

export type { StoredToken };

const hashOf = (secret: Uint8Array): string => createHash('sha256').update(secret).digest('hex');

async function read(path: string): Promise<TokenFile> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new TokenFileError(`${path}: expected a file of tokens (tokens add), got ${error.message}`);
  });
  return parseTokenFile(text, path);
}

const OWNER_ONLY = 0o600;

/** Who could read the file still can: a server may run as another user than the one who writes. */
async function write(path: string, file: TokenFile): Promise<void> {
  const text = `${JSON.stringify(file, null, 2)}\n`;
  parseTokenFile(text, 'token');
  await writeFileAtomically(path, text, (await stat(path).catch(() => null)) ?? OWNER_ONLY);
}

/**
 * Reads and writes the file while nobody else does; where its name is a link, what that leads to, since others may read it there.
 * @throws OutputError if somebody else does for long
 */
async function changing<T>(path: string, change: (file: string) => Promise<T>): Promise<T> {
  const file = await realpath(path).catch(() => path);
  return aloneBy(`${file}.in-use`, () => change(file), { place: path });
}

const EMPTY: TokenFile = { format: 'cipherprune-tokens', formatVersion: 1, tokens: [] };

/** → the secret, which is stored nowhere. @throws Error if the name is taken */
export const addToken = (path: string, name: string): Promise<string> =>
  changing(path, async (own) => {
    const file = existsSync(own) ? await read(own) : EMPTY;
    if (file.tokens.some((token) => token.name === name && token.revoked === undefined))
      throw new Error(`${path}: expected a new name, ${name} has a token already`);
    const secret = randomBytes(TOKEN_BYTES);
    const token = { name, sha256: hashOf(secret), created: new Date().toISOString() };
    await write(own, { ...file, tokens: [...file.tokens, token] });
    return tokenText(secret);
  });

export const listTokens = async (path: string): Promise<readonly StoredToken[]> => (await read(path)).tokens;

/** @throws Error if nobody has that name */
export const revokeToken = (path: string, name: string): Promise<void> =>
  changing(path, async (own) => {
    const file = await read(own);
    const isMeant = (token: StoredToken): boolean => token.name === name && token.revoked === undefined;
    if (!file.tokens.some(isMeant))
      throw new Error(`${path}: expected a token of ${name}, got none that is valid`);
    const revoked = new Date().toISOString();
    await write(own, {
      ...file,
      tokens: file.tokens.map((token) => (isMeant(token) ? { ...token, revoked } : token)),
    });
  });

/** The file as a server asks it. */
export class Tokens {
  readonly #path: string;
  #valid: readonly StoredToken[] = [];
  #stamp = '';

  private constructor(path: string) {
    this.#path = path;
  }

  static async open(path: string): Promise<Tokens> {
    const tokens = new Tokens(path);
    await tokens.#refresh();
    return tokens;
  }

  async #refresh(): Promise<void> {
    const { mtimeMs, size, ino } = await stat(this.#path);
    const stamp = `${mtimeMs} ${size} ${ino}`;
    if (stamp === this.#stamp) return;
    this.#valid = (await read(this.#path)).tokens.filter(({ revoked }) => revoked === undefined);
    this.#stamp = stamp;
  }

  /** The name that a secret belongs to, or null; takes as long whichever it is. */
  async nameOf(secret: Uint8Array): Promise<string | null> {
    await this.#refresh();
    const hash = Buffer.from(hashOf(secret), 'hex');
    let found: string | null = null;
    for (const { name, sha256 } of this.#valid)
      if (timingSafeEqual(hash, Buffer.from(sha256, 'hex'))) found = name;
    return found;
  }
}
