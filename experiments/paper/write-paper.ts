/** Everything that the paper is in, from points that are there. */
import { join } from 'node:path';
import { writeFileAtomically } from '../../model/write-file-atomically.js';
import { makeDirectory } from '../../util/make-directory.js';
import { type DrawnFigure, draw } from '../report/drawing.js';
import { renderPdf } from '../report/pdf.js';
import { renderPng } from '../report/render.js';
import type { Part } from './block.js';
import { latexDocument, latexTable } from './latex.js';
import { markdownBlock } from './markdown.js';
import { paperPage } from './page.js';

const TITLE = 'CipherPrune: tables and figures';

async function writeFigure(folder: string, { id, wide }: DrawnFigure): Promise<string[]> {
  const files: readonly (readonly [string, string | Uint8Array])[] = [
    [join(folder, `${id}.svg`), wide],
    [join(folder, `${id}.png`), renderPng(wide)],
    [join(folder, `${id}.pdf`), await renderPdf(wide)],
  ];
  for (const [path, content] of files) await writeFileAtomically(path, content);
  return files.map(([path]) => path);
}

/** `about`: how and when it was made. The paths that were written. */
export async function writePaper(
  out: string,
  about: readonly string[],
  parts: readonly Part[],
): Promise<string[]> {
  const [figures, tables] = [join(out, 'figures'), join(out, 'tables')];
  await makeDirectory(figures);
  await makeDirectory(tables);
  const files: string[] = [];
  const drawn = new Map<string, DrawnFigure>();
  const write = async (path: string, content: string): Promise<void> => {
    await writeFileAtomically(path, content);
    files.push(path);
  };
  for (const block of parts.flatMap(({ blocks }) => blocks)) {
    if (block.kind === 'table') await write(join(tables, `${block.id}.tex`), latexTable(block));
    if (block.kind !== 'figure') continue;
    const figure = await draw(block.figure);
    drawn.set(figure.id, figure);
    files.push(...(await writeFigure(figures, figure)));
  }
  const sections = parts.map(({ title, blocks }) =>
    [`## ${title}`, ...blocks.map(markdownBlock)].join('\n\n'),
  );
  await write(join(out, 'paper.md'), `${[`# ${TITLE}`, ...about, ...sections].join('\n\n')}\n`);
  await write(join(out, 'paper.tex'), latexDocument(TITLE, about, parts));
  await write(join(out, 'paper.html'), paperPage(TITLE, about, parts, drawn));
  return files;
}
