/**
 * The public manifest's commitment to the private part: SHA-256 over a random salt and the digests of the private files. A
 * client that pins the public digest so pins the weights and thresholds too, without learning anything about them: the salt
 * stays in the private part (256 bits, so that a guess at the weights cannot be tested), and an auditor who is given it
 * and the files recomputes the commitment. Binding rests on SHA-256 having no collisions.
 */
import { bytesToHex } from '@noble/hashes/utils.js';
import { sha256 } from '../sha256.js';
import type { QuantizedMatrix } from './artifact.js';
import type { FileEntry } from './artifact-schema.js';

const SALT_BYTES = 32;

/** Fresh, hexadecimal. */
export const freshSalt = (): string => bytesToHex(crypto.getRandomValues(new Uint8Array(SALT_BYTES)));

/**
 * `files`: all of the private part but its manifest, in its order. `wordTable`: only where that is secret too, so that a
 * server which hides the table commits to it.
 */
export function commitmentOf(
  salt: string,
  files: readonly FileEntry[],
  wordTable: QuantizedMatrix | null = null,
): string {
  const committed = files.map(({ name, bytes, sha256: digest }) => ({ name, bytes, sha256: digest }));
  const word = wordTable && { wordTable: sha256(new Uint8Array(wordTable.values.slice().buffer)) };
  return sha256(JSON.stringify({ format: 'cipherprune-commitment', salt, files: committed, ...word }));
}
