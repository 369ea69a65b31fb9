/** Figures as SVG and PNG, without a browser. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** Widths in pixels: beside a text, and on a phone. */
export const WIDE = 700;
export const NARROW = 340;
const FONT = 'DejaVu Sans';

/** Two looks of one figure: legends beside or below. */
function styled(spec: TopLevelSpec, width: number): TopLevelSpec {
  const narrow = width < 500;
  return {
    ...spec,
    width: width - (narrow ? 60 : 220),
    height: narrow ? 230 : 300,
    autosize: { type: 'pad', contains: 'content' },
    background: 'white',
    config: {
      font: FONT,
      view: { stroke: '#ddd' },
      axis: {
        labelFontSize: 11,
        titleFontSize: 11,
        titleFontWeight: 'normal',
        gridColor: '#eee',
        labelColor: '#333',
      },
      legend: narrow
        ? {
            orient: 'bottom',
            direction: 'vertical',
            columns: 1,
            labelFontSize: 10,
            symbolLimit: 40,
            symbolOpacity: 1,
          }
        : { labelFontSize: 11, symbolLimit: 40, symbolOpacity: 1 },
    },
  } as TopLevelSpec;
}

/** A mark of data, with its values as the renderer describes them for screen readers. */
const DESCRIBED = /<path aria-label="([^"]*)" role="graphics-symbol"([^>]*?)\/>/g;

/** Values on hover: what a screen reader is told of a mark is its title too. */
const withTitles = (svg: string): string =>
  svg.replace(
    DESCRIBED,
    (_, label: string, rest: string) =>
      `<path aria-label="${label}" role="graphics-symbol"${rest}><title>${label.replaceAll('; ', '\n')}</title></path>`,
  );

/** One drawing of a specification, `width` pixels wide or a little more. */
export async function renderSvg(spec: TopLevelSpec, width: number): Promise<string> {
  const view = new View(parse(compile(styled(spec, width)).spec), { renderer: 'none' });
  try {
    return withTitles(await view.toSVG());
  } finally {
    view.finalize();
  }
}

/** The font that goes with the package, so that figures look alike on every machine. */
export function fontFiles(): [regular: string, bold: string] {
  const root = dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/package.json'));
  return [join(root, 'ttf', 'DejaVuSans.ttf'), join(root, 'ttf', 'DejaVuSans-Bold.ttf')];
}

/** Twice the SVG's size, for screens of high density. */
export function renderPng(svg: string): Uint8Array {
  const resvg = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: 2 },
    font: { fontFiles: fontFiles(), loadSystemFonts: false, defaultFontFamily: FONT },
  });
  return resvg.render().asPng();
}
