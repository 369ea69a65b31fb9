/** SHA-256 as browsers compute it, compared with Node's. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createSha256 as inBrowsers } from '../../util/hash/browser.js';
import { createSha256 as inNode } from '../../util/hash/node.js';

it('gives the same digest in Node and in browsers, by pieces and by copies', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 });
  fc.assert(
    fc.property(pieces, fc.uint8Array(), (all, end) => {
      const digests = [inNode, inBrowsers].map((create) => {
        const hash = create();
        for (const piece of all) hash.update(piece);
        const copy = hash.copy().update(end);
        return [hash.digest(), copy.digest()].map((bytes) => [...bytes]);
      });
      expect(digests[1]).toEqual(digests[0]);
    }),
  );
});
