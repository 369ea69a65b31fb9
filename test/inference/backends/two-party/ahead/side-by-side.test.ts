/**
 * Strands that run side by side and share a pool that has enough for each of them alone: what one of them found there is no longer there for
 * the others, though it takes it behind messages of its own. The results are those on demand.
 */
import { expect, it } from 'vitest';
import type { Backend } from '../../../../../inference/backends/backend.js';
import { runBatch } from '../../../../../inference/backends/batching/run-batch.js';
import { localTensor } from '../../../../../inference/backends/local-backend.js';
import { openTwoParty } from '../../../../../inference/backends/two-party/open-two-party.js';
import type { LineTable } from '../../../../../inference/core/line-table.js';
import { decode, encode, type RingFormat } from '../../../../../inference/core/ring-tensor.js';
import type { SharedTensor } from '../../../../../inference/core/tensors.js';
import { Prg } from '../../../../../inference/crypto/prg.js';
import { maximum } from '../../../../../inference/functions/maximum.js';
import { GilboaLinear } from '../../../../support/gilboa-linear.js';
import { testParties } from '../../../../support/two-parties.js';

interface Program {
  readonly format: RingFormat;
  /** Of each lane. */
  readonly shapes: readonly (readonly number[])[];
  numberAt(i: number): number;
  run(mpc: Backend, x: SharedTensor, lane: number): Promise<SharedTensor>;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** On demand, then from material for the largest lane alone: results of each lane. */
async function results({ format, shapes, numberAt, run }: Program) {
  const { server, client } = testParties(7);
  const parties = [server, client].map((party) =>
    openTwoParty({ session: party.session, cots: party.cots, linear: new GilboaLinear(party) }),
  );
  const inputs = shapes.map((shape) => {
    const { data } = encode(
      Float64Array.from({ length: sizeOf(shape) }, (_, i) => numberAt(i)),
      shape,
      format,
    );
    const mask = new BigUint64Array(Prg.insecureForTests(8).bytes(8 * data.length).buffer);
    const shares = [mask, data.map((word, i) => word - mask[i]!)];
    return shares.map((share) => share.map((word) => BigInt.asUintN(format.ringBits, word)));
  });
  const lanes = async (which: readonly number[]): Promise<number[][]> => {
    const opened = await Promise.all(
      parties.map(({ mpc }, at) =>
        runBatch(mpc, which.length, async (lane, i) => {
          const index = which[i]!;
          const x = localTensor(inputs[index]![at]!.slice(), [...shapes[index]!], format);
          const result = await run(lane, x, index);
          return [...decode((await lane.reveal(result, 'all', 'logits'))!)];
        }),
      ),
    );
    expect(opened[0]).toEqual(opened[1]);
    return opened[0]!;
  };
  const all = shapes.map((_, i) => i);
  const onDemand = await lanes(all);
  for (const { material } of parties) material.resetDemand();
  await lanes([0]);
  const demand = parties[0]!.material.demand();
  await Promise.all(parties.map(({ material }) => material.prepareAhead(demand)));
  const fromPools = await lanes(all);
  const [stock, others] = parties.map(({ material }) => material.stock().items.toJSON());
  expect(stock).toEqual(others);
  return { onDemand, fromPools };
}

/** Of the numbers that x is rounded to, in quarters. */
const LINES = [3, 5].map((factor): LineTable => {
  const entries = BigUint64Array.from({ length: 256 }, (_, place) => BigInt((factor * place) % 251));
  return {
    index: { ringBits: 8, fractionBits: 2 },
    isRounded: true,
    line: null,
    offset: { ringBits: 8, fractionBits: 0 },
    entries: () => entries,
    least: 0,
    out: { ringBits: 9, fractionBits: 0 },
  };
});

async function readAsWhole(
  mpc: Backend,
  x: SharedTensor,
  { entries, out }: LineTable,
): Promise<SharedTensor> {
  const place = await mpc.round(x, 4);
  return mpc.reinterpret(await mpc.lookUp(place, { shape: [256], data: entries(), ...out }), 0);
}

const programs: readonly (readonly [string, Program])[] = [
  [
    'row maxima of different widths: conjunctions are used behind the signs',
    {
      format: { ringBits: 14, fractionBits: 0 },
      shapes: [
        [2, 12],
        [2, 9],
      ],
      numberAt: (i) => ((i * 37) % 101) - 50,
      run: (mpc, x) => maximum(mpc, x),
    },
  ],
  [
    'lines of different tables: vectors are read behind a rounding',
    {
      format: { ringBits: 12, fractionBits: 6 },
      shapes: [[6], [6]],
      numberAt: (i) => i - 3 + i / 64,
      run: (mpc, x, lane) => mpc.lines!(x, LINES[lane]!, (on, y) => readAsWhole(on, y, LINES[lane]!)),
    },
  ],
  [
    'rows times narrow scalars: rows are used behind the widening',
    {
      format: { ringBits: 20, fractionBits: 0 },
      shapes: [
        [3, 8],
        [3, 7],
      ],
      numberAt: (i) => (i % 5) - 2,
      run: (mpc, x) => {
        const factors = mpc.narrow(mpc.reshape(mpc.slice(x, 1, 0, 1), [x.shape[0]!]), 6);
        return mpc.multiply(x, factors);
      },
    },
  ],
];

it.each(programs)('%s', async (_, program) => {
  const { onDemand, fromPools } = await results(program);
  expect(fromPools).toEqual(onDemand);
});
