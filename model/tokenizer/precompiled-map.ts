/**
 * sentencepiece's precompiled character map: a double-array trie (Yata et al.'s darts-clone) from byte sequences to places in a
 * block of strings that end with 0 bytes. Base64 of: bytes of the trie (u32), trie (u32 each), block.
 */
import { TokenizerError } from './tokenizer-error.js';

/** No replacement of the published maps is longer: U+FDFA becomes 18 characters of 33 bytes. */
const LONGEST_REPLACEMENT = 64;
/** Longer clusters of characters are looked up one by one. */
const LONGEST_CLUSTER_BYTES = 6;

const encoder = new TextEncoder();

const hasLeaf = (unit: number): boolean => ((unit >>> 8) & 1) === 1;
const leafValue = (unit: number): number => unit & 0x7fffffff;
const labelOf = (unit: number): number => (unit & 0x800000ff) >>> 0;
const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & (1 << 9)) >>> 6);

export class PrecompiledMap {
  readonly #trie: Uint32Array;
  readonly #block: Uint8Array;
  readonly #clusters = new Intl.Segmenter('und', { granularity: 'grapheme' });
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });

  /** Throws TokenizerError for a map that does not fit its own sizes. */
  constructor(base64: string) {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const trieBytes = bytes.length < 4 ? -1 : new DataView(bytes.buffer).getUint32(0, true);
    if (trieBytes < 4 || trieBytes % 4 !== 0 || 4 + trieBytes > bytes.length)
      throw new TokenizerError(
        `tokenizer.json: precompiled_charsmap: a trie of ${trieBytes} bytes does not fit ${bytes.length} bytes`,
      );
    this.#trie = new Uint32Array(bytes.slice(4, 4 + trieBytes).buffer);
    this.#block = bytes.subarray(4 + trieBytes);
    this.#checkReplacements();
  }

  #checkReplacements(): void {
    let begin = 0;
    for (let at = 0; at <= this.#block.length; at++) {
      if (at < this.#block.length && this.#block[at] !== 0) continue;
      if (at - begin > LONGEST_REPLACEMENT)
        throw new TokenizerError(
          `tokenizer.json: precompiled_charsmap: expected replacements of at most ${LONGEST_REPLACEMENT} bytes, got ${at - begin}`,
        );
      begin = at + 1;
    }
  }

  normalize(text: string): string {
    const parts: string[] = [];
    // Of these characters none forms a cluster with another.
    const segments = /^[ -\u02ff]*$/.test(text)
      ? [...text].map((segment) => ({ segment }))
      : this.#clusters.segment(text);
    for (const { segment } of segments) {
      const bytes = encoder.encode(segment);
      const whole = bytes.length < LONGEST_CLUSTER_BYTES ? this.#replacementOf(bytes) : null;
      if (whole !== null) parts.push(whole);
      else
        for (const character of segment)
          parts.push(this.#replacementOf(encoder.encode(character)) ?? character);
    }
    return parts.join('');
  }

  /** Of the shortest prefix that the trie has, or null. */
  #replacementOf(key: Uint8Array): string | null {
    let node = offsetOf(this.#trie[0]!);
    for (const byte of key) {
      if (byte === 0) return null;
      node ^= byte;
      const unit = this.#trie[node];
      if (unit === undefined || labelOf(unit) !== byte) return null;
      node ^= offsetOf(unit);
      if (hasLeaf(unit)) return this.#stringAt(leafValue(this.#trie[node] ?? 0));
    }
    return null;
  }

  #stringAt(begin: number): string {
    const end = this.#block.indexOf(0, begin);
    try {
      return this.#decoder.decode(this.#block.subarray(begin, end < 0 ? undefined : end));
    } catch {
      throw new TokenizerError('tokenizer.json: precompiled_charsmap: a replacement is not UTF-8');
    }
  }
}
