/** Small pieces of HTML. */
export const escapeHtml = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

/** A table, whose rows are lists on a phone. */
export function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const body = rows.map((row) => `<tr>${row.map((cell, at) => cellOf(header[at]!, cell)).join('')}</tr>`);
  return tableOf(header, body);
}

/** A cell that says what it is, where the header is not shown. html: safe to stand there as it is, in place of `value` */
export const cellOf = (name: string, value: string | number, html = escapeHtml(String(value))): string =>
  `<td data-label="${escapeHtml(name)}">${html}</td>`;

export const tableOf = (header: readonly string[], body: readonly string[]): string =>
  `<table><thead><tr>${header.map((name) => `<th>${escapeHtml(name)}</th>`).join('')}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table>`;

export const percent = (value: number, digits = 1): string => `${(100 * value).toFixed(digits)}%`;
