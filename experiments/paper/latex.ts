/** The paper as LaTeX: one file a table, and a document with all of it. */
import type { Block, Part, Table } from './block.js';

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '±': '$\\pm$',
  '’': "'",
  β: '$\\beta$',
  θ: '$\\theta$',
};

const escaped = (text: string): string =>
  text.replace(/[\\~^±’βθ]|[&%$#_{}]/g, (character) => ESCAPES[character] ?? `\\${character}`);

const row = (cells: readonly string[]): string => `${cells.map(escaped).join(' & ')} \\\\`;

export function latexTable({ id, caption, header, rows }: Table): string {
  return [
    '\\begin{table}',
    '\\centering\\small',
    `\\caption{${escaped(caption)}}`,
    `\\label{tab:${id}}`,
    '\\resizebox{\\textwidth}{!}{%',
    `\\begin{tabular}{l${'r'.repeat(header.length - 1)}}`,
    '\\toprule',
    row(header),
    '\\midrule',
    ...rows.map(row),
    '\\bottomrule',
    '\\end{tabular}}',
    '\\end{table}',
    '',
  ].join('\n');
}

function latexBlock(block: Block): string {
  if (block.kind === 'table') return `\\input{tables/${block.id}.tex}`;
  if (block.kind === 'figure') {
    const { id, caption } = block.figure;
    return `\\begin{figure}\\centering\\includegraphics[width=\\textwidth]{figures/${id}.pdf}\\caption{${escaped(caption)}}\\end{figure}`;
  }
  if (block.kind === 'text') return escaped(block.text);
  return `\\begin{itemize}\n${block.lines.map((line) => `\\item ${escaped(line.replaceAll('**', ''))}`).join('\n')}\n\\end{itemize}`;
}

export const latexDocument = (title: string, about: readonly string[], parts: readonly Part[]): string =>
  [
    '\\documentclass{article}',
    '\\usepackage[T1]{fontenc}',
    '\\usepackage[a4paper,margin=2cm]{geometry}',
    '\\usepackage{booktabs,graphicx}',
    `\\title{${escaped(title)}}`,
    '\\date{}',
    '\\begin{document}',
    '\\maketitle',
    ...about.map((line) => `${escaped(line)}\n`),
    ...parts.flatMap((part) => [
      `\\section{${escaped(part.title)}}`,
      ...part.blocks.map(latexBlock),
      '\\clearpage',
    ]),
    '\\end{document}',
    '',
  ].join('\n');
