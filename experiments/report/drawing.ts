/** A figure as it stands on a page: wide, and narrow for a phone. */
import type { Figure } from './figures.js';
import { escapeHtml } from './html.js';
import { NARROW, renderSvg, WIDE } from './render.js';

export interface DrawnFigure extends Figure {
  readonly wide: string;
  readonly narrow: string;
}

/** Ids of clip paths and the like must differ between the drawings of one page. */
const withPrefix = (svg: string, prefix: string): string =>
  svg.replace(/\b(id="|url\(#|href="#)([\w-]+)/g, `$1${prefix}-$2`);

export async function draw(figure: Figure): Promise<DrawnFigure> {
  const [wide, narrow] = await Promise.all([WIDE, NARROW].map((width) => renderSvg(figure.spec, width)));
  return { ...figure, wide: wide!, narrow: narrow! };
}

export const figureHtml = ({ id, title, caption, wide, narrow }: DrawnFigure): string => `<section id="${id}">
<h2>${escapeHtml(title)}</h2>
<div class="chart" role="img" aria-label="${escapeHtml(title)}"><div class="wide">${withPrefix(wide, `${id}-wide`)}</div><div class="narrow">${withPrefix(narrow, `${id}-narrow`)}</div></div>
<p class="caption">${escapeHtml(caption)}</p>
</section>`;
