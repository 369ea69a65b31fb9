/** The paper as Markdown. */
import type { Block, Table } from './block.js';

const escaped = (text: string): string => text.replaceAll('|', '\\|');
const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`;

function markdownTable({ caption, header, rows }: Table): string {
  const rule = header.map((_, column) => (column === 0 ? '---' : '--:'));
  return [line(header), line(rule), ...rows.map(line), '', caption].join('\n');
}

export function markdownBlock(block: Block): string {
  if (block.kind === 'table') return markdownTable(block);
  if (block.kind === 'figure')
    return `![${block.figure.title}](figures/${block.figure.id}.svg)\n\n${block.figure.caption}`;
  return block.kind === 'text' ? block.text : block.lines.map((one) => `- ${one}`).join('\n');
}
