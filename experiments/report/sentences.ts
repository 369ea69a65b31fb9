/** Sentences with the layer in which each token was pruned, as in the paper's figure. */
import type { TokenLine } from '../measure/run-result.js';
import { escapeHtml } from './html.js';

/** Light for tokens that leave early, dark for those that stay. */
export function shade(left: number | null, layers: number): { background: string; color: string } {
  const depth = left === null ? 1 : (left + 1) / (layers + 1);
  const lightness = Math.round(97 - 62 * depth);
  return { background: `hsl(205 65% ${lightness}%)`, color: lightness < 60 ? '#fff' : '#123' };
}

const style = (left: number | null, layers: number): string => {
  const { background, color } = shade(left, layers);
  return `background:${background};color:${color}`;
};

function token(text: string, left: number | null, layers: number): string {
  const continues = text.startsWith('##');
  const word = escapeHtml(continues ? text.slice(2) : text);
  const layer = left === null ? '' : `<sub>${left + 1}</sub>`;
  const title = left === null ? 'kept to the end' : `pruned in layer ${left + 1}`;
  return `<span class="token${continues ? ' joined' : ''}" style="${style(left, layers)}" title="${title}">${word}${layer}</span>`;
}

/** Tokens as HTML; the pieces of a word stay on one line. */
function wordsOf(line: TokenLine, layers: number): string[] {
  const words: string[][] = [];
  line.tokens.forEach((text, i) => {
    const html = token(text, line.left[i] ?? null, layers);
    if (text.startsWith('##') && words.length > 0) words.at(-1)!.push(html);
    else words.push([html]);
  });
  return words.map((pieces) =>
    pieces.length === 1 ? pieces[0]! : `<span class="word">${pieces.join('')}</span>`,
  );
}

function sentence(line: TokenLine, labels: readonly string[]): string {
  const layers = line.kept.length;
  // A model with one output answers with a number.
  const isNumber = labels.length === 1;
  const name = (label: number | null): string => {
    if (label === null) return 'none';
    return isNumber ? label.toFixed(2) : (labels[label] ?? String(label));
  };
  const right = isNumber || line.label === null || line.label === line.predicted;
  const verdict = `predicted ${name(line.predicted)}${right && !isNumber ? '' : `, labelled ${name(line.label)}`}`;
  const tokens = wordsOf(line, layers).join(' ');
  const counts = `kept ${[line.tokens.length, ...line.kept.slice(0, -1)].join(' → ')}`;
  return `<figure class="sentence"><p>${tokens}</p><figcaption${right ? '' : ' class="wrong"'}>${escapeHtml(verdict)}; ${counts}</figcaption></figure>`;
}

/** Evenly spread over lengths, sentences of at least six tokens, in the order of their length. */
export function chosenSentences(lines: readonly TokenLine[], count: number): TokenLine[] {
  const long = lines.filter(({ tokens }) => tokens.length >= 6 && tokens.length <= 48);
  const sorted = [...long].sort((a, b) => a.tokens.length - b.tokens.length || a.index - b.index);
  const step = Math.max(1, sorted.length / count);
  return Array.from({ length: Math.min(count, sorted.length) }, (_, i) => sorted[Math.floor(i * step)]!);
}

const key = (layers: number): string =>
  [...Array.from({ length: layers - 1 }, (_, layer) => layer), null]
    .map(
      (left) =>
        `<span class="token" style="${style(left, layers)}">${left === null ? 'kept to the end' : `layer ${left + 1}`}</span>`,
    )
    .join(' ');

/** Examples of one run; empty without any. */
export function sentencesHtml(lines: readonly TokenLine[], labels: readonly string[], count = 12): string {
  const chosen = chosenSentences(lines, count);
  if (chosen.length === 0) return '';
  const body = chosen.map((line) => sentence(line, labels)).join('\n');
  return `<p class="key">Pruned in ${key(chosen[0]!.kept.length)}</p>\n${body}`;
}
