/** Small pieces of HTML. */
export const escapeHtml = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

/** A table that scrolls sideways on a phone. Cells are text, or HTML where they say so. */
export function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = (row: readonly (string | number)[], tag: 'td' | 'th'): string =>
    row.map((cell) => `<${tag}>${escapeHtml(String(cell))}</${tag}>`).join('');
  const body = rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('\n');
  return `<div class="scroll"><table><thead><tr>${cells(header, 'th')}</tr></thead><tbody>\n${body}\n</tbody></table></div>`;
}

export const percent = (value: number, digits = 1): string => `${(100 * value).toFixed(digits)}%`;
