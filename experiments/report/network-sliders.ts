/** Seconds of every run on the reader's own network: two sliders and a table, by a few lines of script within the page. */
import { networkModels, secondsOn } from '../../inference/cost/cost-model.js';
import { megabytes } from '../../util/megabytes.js';
import type { RunResult } from '../measure/run-result.js';
import { cellOf, escapeHtml, tableOf } from './html.js';

/** A run with its estimate, and the colour that it has everywhere. */
export interface SlidRun {
  readonly name: string;
  readonly color: string;
  readonly estimate: RunResult['estimate'];
}

/** Where the sliders begin: the defaults of `estimate`. */
const FIRST = { rtt: 25, mbit: 50 };
/** Bandwidth slides by powers: 1 Mbit/s to 10 Gbit/s. */
const MBIT_POWERS = { min: 0, max: 4, step: 0.01 };
const LONGEST_RTT = 200;

const HEADER = ['run', 'MB', 'rounds', 's on yours', 's here', 's LAN', 's WAN'] as const;

const secondsAtFirst = (estimate: RunResult['estimate']): number =>
  secondsOn(estimate, { roundTripMilliseconds: FIRST.rtt, bandwidthBitsPerSecond: FIRST.mbit * 1e6 });

function row({ name, color, estimate }: SlidRun): string {
  const computing = secondsOn(estimate, {
    roundTripMilliseconds: 0,
    bandwidthBitsPerSecond: Number.POSITIVE_INFINITY,
  });
  const data = `data-computing="${computing}" data-bytes="${Math.round(estimate.bytes)}" data-rounds="${estimate.rounds}"`;
  const { loopback, lan, wan } = estimate.seconds;
  const swatch = `<span><span class="swatch" style="background:${color}"></span>${escapeHtml(name)}</span>`;
  const own = `<span class="own">${secondsAtFirst(estimate).toFixed(2)}</span>`;
  const fixed = [loopback, lan, wan].map((value, at) => cellOf(HEADER[4 + at]!, value.toFixed(2)));
  const cells = [
    cellOf(HEADER[0], name, swatch),
    cellOf(HEADER[1], megabytes(estimate.bytes)),
    cellOf(HEADER[2], Math.round(estimate.rounds)),
    cellOf(HEADER[3], '', own),
    ...fixed,
  ];
  return `<tr ${data}>${cells.join('')}</tr>`;
}

/** The arithmetic of `secondsOn`, where the page is read. */
const SCRIPT = `
const network = document.getElementById('network');
const [rtt, mbit] = network.querySelectorAll('input');
const [rttText, mbitText] = network.querySelectorAll('output');
const tell = () => {
  const bandwidth = Number((10 ** Number(mbit.value)).toPrecision(2));
  rttText.textContent = rtt.value + ' ms';
  mbitText.textContent = bandwidth + ' Mbit/s';
  for (const row of network.querySelectorAll('tr[data-bytes]')) {
    const { computing, bytes, rounds } = row.dataset;
    const seconds = Number(computing) + Number(rounds) * rtt.value / 1e3 + 8 * bytes / (bandwidth * 1e6);
    row.querySelector('.own').textContent = seconds.toFixed(2);
  }
};
rtt.oninput = mbit.oninput = tell;
tell();
`;

/** Empty without a measured run. */
export function networkHtml(runs: readonly SlidRun[]): string {
  if (runs.length === 0) return '';
  const { min, max, step } = MBIT_POWERS;
  const { lan, wan } = networkModels;
  return `<section id="network"><h2>On your network</h2>
<div class="sliders"><label>Round trip <output>${FIRST.rtt} ms</output><input type="range" min="0" max="${LONGEST_RTT}" value="${FIRST.rtt}"></label>
<label>Bandwidth <output>${FIRST.mbit} Mbit/s</output><input type="range" min="${min}" max="${max}" step="${step}" value="${Math.log10(FIRST.mbit).toFixed(2)}"></label></div>
${tableOf(HEADER, runs.map(row))}
<p class="caption">Estimates of one text: bytes and rounds are exact, seconds are computing, rounds times the round trip, and bytes over the bandwidth. Here: one machine. LAN: ${lan.bandwidthBitsPerSecond / 1e9} Gbit/s, ${lan.roundTripMilliseconds} ms. WAN: ${wan.bandwidthBitsPerSecond / 1e6} Mbit/s, ${wan.roundTripMilliseconds} ms.</p>
<script>${SCRIPT}</script></section>`;
}
