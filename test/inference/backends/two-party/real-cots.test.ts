import { expect, it } from 'vitest';
import { topBit } from '../../../../inference/backends/two-party/comparison/comparison.js';
import { open } from '../../../../inference/backends/two-party/exchange/open.js';
import { multiplex } from '../../../../inference/backends/two-party/products/multiplex.js';
import { squareInto } from '../../../../inference/backends/two-party/products/narrow-product.js';
import { setupCots } from '../../../../inference/crypto/ot/setup-cots.js';
import { bothProductsOf, carryOf, type TestParty, testParties } from '../../../support/two-parties.js';

const COUNT = 12_000;
const BITS = 12;
const SQUARE_BITS = 22;

/** Scattered over [-1000, 1000), within the headroom of 12 bits. */
const value = (i: number): number => ((i * 7919) % 2000) - 1000;
const share = (isServer: boolean): BigUint64Array =>
  BigUint64Array.from({ length: COUNT }, (_, i) => {
    const mask = (i * 40503) % 4096;
    return BigInt.asUintN(BITS, BigInt(isServer ? mask : value(i) - mask));
  });

it.each(['softspoken', 'ferret'] as const)(
  'chunks of COTs that cross the refills of %s fit together, in both directions',
  async (extension) => {
    const { server, client } = testParties(3);
    const run = async (party: TestParty) => {
      const real = { ...party, cots: await setupCots(party.session, { extension }) };
      const x = share(party.session.self === 'server');
      const squares = await squareInto(
        real,
        x,
        { bits: BITS, ringBits: SQUARE_BITS, sign: 'signed', dropped: 0 },
        'client',
      );
      const negative = await topBit(real, x, BITS, carryOf(real));
      const chosen = await multiplex(negative, squares, SQUARE_BITS, bothProductsOf(real));
      return [
        (await open(real, squares, SQUARE_BITS, 'all'))!,
        (await open(real, chosen, SQUARE_BITS, 'all'))!,
      ] as const;
    };
    const [[squares, chosen]] = await Promise.all([run(server), run(client)]);
    const expected = Array.from({ length: COUNT }, (_, i) => BigInt(value(i) ** 2));
    expect(Array.from(squares)).toEqual(expected);
    expect(Array.from(chosen)).toEqual(expected.map((square, i) => (value(i) < 0 ? square : 0n)));
  },
);
