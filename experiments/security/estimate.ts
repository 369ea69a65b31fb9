/** Prints the table of docs/reference/security-parameters.md: `npm run estimate`. About half a minute. */
import { FERRET_1170_10_17, type FerretParameters } from '../../inference/crypto/ot/ferret-parameters.js';
import { closedCosts, greedyCosts } from './lpn-attacks.js';
import { instanceOf } from './lpn-instance.js';

/** For comparison: what other implementations use, and what this project used before. */
export const FERRET_1170_11_17: FerretParameters = {
  name: 'ferret-1170-11-17',
  depth: 11,
  logTable: 17,
  trees: 1170,
  parts: 30,
};

/** A row of the table: the attack, bits of the preset in use, bits of the one for comparison. */
export const rowOf = (attack: string, used: number, other: number): string =>
  `| ${attack} | ${used.toFixed(0)} | ${other.toFixed(0)} |`;

function main(): void {
  const [used, other] = [FERRET_1170_10_17, FERRET_1170_11_17].map((parameters) => {
    const instance = instanceOf(parameters);
    return [...closedCosts(instance), ...greedyCosts(instance)];
  });
  const lines = used!.map(({ attack, bits }, row) => rowOf(attack, bits, other![row]!.bits));
  process.stdout.write(`${lines.join('\n')}\n`);
}

if (import.meta.url === new URL(`file://${process.argv[1]}`).href) main();
