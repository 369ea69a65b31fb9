/** A figure as PDF: vectors, with the font that goes with the package. */
import PDFDocument from 'pdfkit';
import SVGtoPDF from 'svg-to-pdfkit';
import { fontFiles } from './render.js';

/** The size that an SVG says of itself, in pixels. */
function sizeOf(svg: string): [width: number, height: number] {
  const [, width, height] = /<svg[^>]*?\bwidth="([\d.]+)"[^>]*?\bheight="([\d.]+)"/.exec(svg) ?? [];
  if (width === undefined || height === undefined)
    throw new Error('figure: expected an SVG with width and height');
  return [Number(width), Number(height)];
}

/** A line without gaps, as Vega writes one among dashed ones; PDF has no gaps of length 0. */
const SOLID = /\sstroke-dasharray="[\d.]+,0"/g;

export async function renderPdf(svg: string): Promise<Uint8Array> {
  const size = sizeOf(svg);
  const document = new PDFDocument({ size, margin: 0 });
  const chunks: Uint8Array[] = [];
  const ended = new Promise<void>((resolve, reject) => {
    document.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    document.on('end', resolve);
    document.on('error', reject);
  });
  const [regular, bold] = fontFiles();
  document.registerFont('regular', regular).registerFont('bold', bold);
  SVGtoPDF(document as unknown as typeof PDFDocument, svg.replace(SOLID, ''), 0, 0, {
    assumePt: true,
    fontCallback: (_family, isBold) => (isBold ? 'bold' : 'regular'),
  });
  document.end();
  await ended;
  return Buffer.concat(chunks);
}
