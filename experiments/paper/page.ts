/** The paper as one HTML page that needs nothing else. */
import { type DrawnFigure, figureHtml } from '../report/drawing.js';
import { escapeHtml, table } from '../report/html.js';
import { css } from '../report/style.js';
import type { Block, Part } from './block.js';

const blockHtml = (block: Block, drawn: ReadonlyMap<string, DrawnFigure>): string => {
  if (block.kind === 'table')
    return `<div id="table-${block.id}" class="scroll">${table(block.header, block.rows)}</div><p class="caption">${escapeHtml(block.caption)}</p>`;
  if (block.kind === 'figure') return figureHtml(drawn.get(block.figure.id)!);
  return block.kind === 'text'
    ? `<p>${escapeHtml(block.text)}</p>`
    : `<div id="${block.id}">${block.html}</div>`;
};

export function paperPage(
  title: string,
  about: readonly string[],
  parts: readonly Part[],
  drawn: ReadonlyMap<string, DrawnFigure>,
): string {
  const sections = parts.map(
    (part) =>
      `<h1 class="task">${escapeHtml(part.title)}</h1>\n${part.blocks.map((block) => blockHtml(block, drawn)).join('\n')}`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${css}
.scroll { overflow-x: auto; }
</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${about.map((line) => `<p class="caption">${escapeHtml(line)}</p>`).join('\n')}
${sections.join('\n')}
</body>
</html>
`;
}
