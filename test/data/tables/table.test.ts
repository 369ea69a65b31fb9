import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { parquetWriteFile } from 'hyparquet-writer';
import { afterAll, describe, expect, it } from 'vitest';
import { DatasetError } from '../../../data/sources/dataset-error.js';
import { KNOWN_COLUMNS, labelColumn, NOTHING_ASKED, textColumns } from '../../../data/tables/columns.js';
import { readTable, type Table } from '../../../data/tables/table.js';

const folder = mkdtempSync(join(tmpdir(), 'tables-'));
afterAll(() => rmSync(folder, { recursive: true }));

function read(name: string, content: string | Uint8Array): Promise<Table> {
  writeFileSync(join(folder, name), content);
  return readTable(join(folder, name), { knownColumns: KNOWN_COLUMNS });
}

const rowsOf = ({ rows }: Table) => rows.map(({ line, fields, fault }) => [line, fields, fault]);

describe('tables', () => {
  it('of CSV have quoted fields, byte-order marks and any line ends, each row with its line', async () => {
    const table = await read(
      'a.csv',
      '\ufefftext,label\r\n"hallo, ""Welt""\r\nzwei",a\r\n\r\nÜmlaut 🎉,b\r\nx,a,b\r\ny\r\nend 5" wide,c',
    );
    expect(table.columns).toEqual(['text', 'label']);
    expect(rowsOf(table)).toEqual([
      [2, { text: 'hallo, "Welt"\r\nzwei', label: 'a' }, null],
      [5, { text: 'Ümlaut 🎉', label: 'b' }, null],
      [6, { text: 'x', label: 'a' }, 'expected 2 columns, got 3'],
      [7, { text: 'y', label: '' }, 'expected 2 columns, got 1'],
      [8, { text: 'end 5" wide', label: 'c' }, null],
    ]);
    expect(rowsOf(await read('mac.csv', 'text,label\ra,1\r"b\rc",2\rd,3'))).toEqual([
      [2, { text: 'a', label: '1' }, null],
      [3, { text: 'b\rc', label: '2' }, null],
      [5, { text: 'd', label: '3' }, null],
    ]);
  });

  it('of CSV may have the semicolons of some spreadsheets, and say so', async () => {
    const { columns, rows, notes } = await read('b.csv', 'id;text;label\n1;a, b;x\n');
    expect([columns, rows[0]!.fields]).toEqual([
      ['id', 'text', 'label'],
      { id: '1', text: 'a, b', label: 'x' },
    ]);
    expect(notes).toEqual([expect.stringContaining('separated by semicolons')]);
  });

  it('of TSV take quotes as they are, or as CSV does where rows would be torn otherwise', async () => {
    const plain = await read('c.tsv', 'text\tlabel\n"a" b\t1\n"open\t0\n');
    expect(plain.rows.map(({ fields }) => fields.text)).toEqual(['"a" b', '"open']);
    const quoted = await read('d.tsv', 'text\tlabel\n"a\tb\nc"\t1\nd\t0\n');
    expect(quoted.rows.map(({ fields }) => fields.text)).toEqual(['a\tb\nc', 'd']);
  });

  it('of plain lines, and TSV without a known header, are a text or a pair a line', async () => {
    for (const name of ['e.txt', 'e.tsv']) {
      const table = await read(name, 'one\ntwo\tthree\n\na\tb\tc\n');
      expect(rowsOf(table)).toEqual([
        [1, { text: 'one' }, null],
        [2, { text: 'two', textPair: 'three' }, null],
        [3, { text: '' }, null],
        [4, { text: 'a', textPair: 'b' }, 'expected one or two columns, got 3'],
      ]);
    }
  });

  it('of JSON are objects on lines or in an array, under either ending', async () => {
    const lines = '{"text":"a","label":1}\n\nno\n[1]\n{"text":"b"}\n';
    expect(rowsOf(await read('f.jsonl', lines))).toEqual([
      [1, { text: 'a', label: 1 }, null],
      [3, {}, 'expected a JSON object, got "no"'],
      [4, {}, 'expected a JSON object, got [1]'],
      [5, { text: 'b' }, null],
    ]);
    for (const name of ['g.json', 'g.jsonl'])
      expect(rowsOf(await read(name, ' [{"text":"a"},\n7]'))).toEqual([
        [1, { text: 'a' }, null],
        [2, {}, 'expected a JSON object, got 7'],
      ]);
    await expect(read('h.json', '[{"text":')).rejects.toThrow(/h\.json: expected an array of JSON objects/);
  });

  it('of parquet have rows by number', async () => {
    const filename = join(folder, 'i.parquet');
    parquetWriteFile({
      filename,
      columnData: [
        { name: 'text', data: ['a', 'ß 🎉'], type: 'STRING' },
        { name: 'label', data: [0, 1], type: 'INT32' },
      ],
    });
    const table = await readTable(filename);
    expect(rowsOf(table)).toEqual([
      [1, { text: 'a', label: 0 }, null],
      [2, { text: 'ß 🎉', label: 1 }, null],
    ]);
  });

  it.each([
    [
      'utf16.csv',
      Buffer.from('\ufefftext,label\na,1\n', 'utf16le'),
      /utf16\.csv:1: .* UTF-16 \(little-endian\)/,
    ],
    ['bare.csv', Buffer.from('text,label\na,1\n', 'utf16le'), /bare\.csv:1: .* UTF-16 \(little-endian\)/],
    ['latin.csv', Buffer.from('text,label\na,1\ncafé,2\n', 'latin1'), /latin\.csv:3: .*Latin-1/],
    ['zip.csv', Buffer.from([0x50, 0x4b, 3, 4, 0, 0]), /zip\.csv:1: .*a zip archive or a spreadsheet/],
    ['binary.csv', Buffer.from([1, 2, 0, 9, 9, 9, 9, 9, 9]), /binary\.csv:1: .*binary data/],
    [
      'pointer.csv',
      'version https://git-lfs.github.com/spec/v1\noid sha256:0\n',
      /Git LFS pointer.*git lfs pull/,
    ],
    ['open.csv', 'text,label\na,1\n"b\n,2\nc,3\n', /open\.csv:3: a quote is opened that is never closed/],
    ['twice.csv', 'text,a,a\nx,1,2\n', /twice\.csv:1: expected columns of different names, got "a" twice/],
    ['header.csv', 'text,label\n', /expected rows below the header/],
    ['empty.jsonl', '', /the file is empty/],
    ['notes.doc', 'text', /notes\.doc: expected a file that ends in \.csv, .*--format .*got \.doc/],
    ['not.parquet', 'PAR1', /not a readable parquet file/],
  ])('refuse %s', async (name, content, message) => {
    await expect(read(name, content)).rejects.toThrow(DatasetError);
    await expect(read(name, content)).rejects.toThrow(message);
  });

  it('of any bytes are rows or a DatasetError', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 120 }),
        fc.constantFrom('x.csv', 'x.tsv', 'x.jsonl', 'x.txt', 'x.parquet'),
        async (bytes, name) => {
          await read(name, bytes).catch((error) => expect(error).toBeInstanceOf(DatasetError));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('of CSV give back any cells that were quoted by RFC 4180', async () => {
    const cell = fc
      .string({ unit: 'grapheme', maxLength: 12 })
      .filter((text) => !/\p{Surrogate}/u.test(text));
    const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 8 }), async (cells) => {
        const lines = cells.map((row) => row.map(quoted).join(','));
        const { rows } = await read('y.csv', ['text,label', ...lines, ''].join('\r\n'));
        expect(rows.map(({ fields }) => [fields.text, fields.label])).toEqual(cells);
      }),
    );
  });
});

describe('columns', () => {
  const table = (columns: readonly string[], rows: readonly (readonly string[])[]): Table => ({
    file: 'f.csv',
    format: 'csv',
    columns,
    rows: rows.map((cells, at) => ({
      line: at + 2,
      fields: Object.fromEntries(columns.map((name, i) => [name, cells[i]!])),
      fault: null,
    })),
    notes: [],
  });
  const messages = table(
    ['id', 'said', 'queue'],
    Array.from({ length: 20 }, (_, at) => [`${at}`, `where is my parcel ${at}`, at % 2 ? 'post' : 'other']),
  );

  it('are guessed by name or by content, where only one fits, and said', () => {
    const { columns, notes } = textColumns(messages, NOTHING_ASKED);
    expect(columns).toEqual({ text: 'said', textPair: null });
    expect(notes).toEqual(['f.csv: text from column "said"']);
    expect(labelColumn(messages, NOTHING_ASKED, columns)).toEqual({
      column: 'queue',
      notes: ['f.csv: label from column "queue"'],
    });
    const pairs = table(['premise', 'hypothesis', 'label'], [['a', 'b', 'yes']]);
    expect(textColumns(pairs, NOTHING_ASKED).columns).toEqual({ text: 'premise', textPair: 'hypothesis' });
  });

  it('are those that were asked for, or those of the model where the file has them', () => {
    expect(textColumns(messages, { ...NOTHING_ASKED, text: 'queue' })).toEqual({
      columns: { text: 'queue', textPair: null },
      notes: [],
    });
    const known = { text: 'said', textPair: null, label: 'queue' };
    expect(textColumns(messages, NOTHING_ASKED, known)).toEqual({
      columns: { text: 'said', textPair: null },
      notes: [],
    });
  });

  it('are an error where none or several fit, or one is missing', () => {
    const two = table(['a', 'b', 'c'], [['one two three', 'four five six', 'x']]);
    expect(() => textColumns(two, NOTHING_ASKED)).toThrow(
      /which column is the text\? a and b could be.*--text/,
    );
    const none = table(
      ['text', 'id'],
      [
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
      ],
    );
    expect(() => labelColumn(none, NOTHING_ASKED, { text: 'text', textPair: null })).toThrow(
      /which column is the label\? none looks like it.*--label COLUMN/,
    );
    const single = table(
      ['text', 'id', 'mood'],
      [
        ['a', '1', 'good'],
        ['b', '2', 'good'],
        ['c', '3', 'good'],
      ],
    );
    expect(() => labelColumn(single, NOTHING_ASKED, { text: 'text', textPair: null })).toThrow(
      'none looks like it (id has 3 different values in 3 rows, mood has "good" alone), of text, id, mood',
    );
    const ragged = {
      ...single,
      rows: single.rows.map((row) => ({ ...row, fault: 'expected 3 columns, got 4' })),
    };
    expect(() => labelColumn(ragged, NOTHING_ASKED, { text: 'text', textPair: null })).toThrow(
      /mood is empty.*; 3 of 3 rows are not as the header \(line \d+: expected 3 columns, got 4: is a field/,
    );
    expect(() => textColumns(two, { ...NOTHING_ASKED, text: 'body' })).toThrow(
      /expected a column "body", got a, b, c/,
    );
  });
});
