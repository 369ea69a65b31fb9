/** The run configuration as a page: keys, values and defaults from the schema, words from its comments. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import * as z from 'zod';
import { runConfigSchema } from '../../config/schema.js';
import { packageFile } from '../../util/package-file.js';

/** What zod says of a key, as JSON Schema. */
interface Described {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Described[];
  readonly items?: Described;
  readonly prefixItems?: readonly Described[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Described>>;
  readonly required?: readonly string[];
}

/** Comments of the keys of an object in the schema's source, and where nested objects are. */
interface Commented {
  readonly text: string;
  readonly below: ReadonlyMap<string, Commented>;
}

const NOTHING: Commented = { text: '', below: new Map() };

function declarationsOf(source: ts.SourceFile): ReadonlyMap<string, ts.Expression> {
  const found = new Map<string, ts.Expression>();
  for (const statement of source.statements)
    if (ts.isVariableStatement(statement))
      for (const { name, initializer } of statement.declarationList.declarations)
        if (ts.isIdentifier(name) && initializer) found.set(name.text, initializer);
  return found;
}

/** The schema's sources: the whole, and a file a section. */
const sources = (): ts.SourceFile[] => {
  const folder = packageFile('config', 'schema');
  const paths = [`${folder}.ts`, ...readdirSync(folder).map((name) => join(folder, name))];
  return paths.map((path) =>
    ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true),
  );
};

/** Reads the words of the schema out of its sources, in which names are declared once. */
class Comments {
  readonly #declared = new Map(sources().flatMap((source) => [...declarationsOf(source)]));

  of(name: string): Commented {
    return { text: '', below: this.#keysOf(this.#declared.get(name)) };
  }

  /** The keys of the first object that an expression like `z.strictObject({ … }).prefault({})` describes. */
  #keysOf(expression: ts.Expression | undefined): ReadonlyMap<string, Commented> {
    if (!expression) return new Map();
    if (ts.isIdentifier(expression)) return this.#keysOf(this.#declared.get(expression.text));
    if (ts.isPropertyAccessExpression(expression)) return this.#keysOf(expression.expression);
    if (!ts.isCallExpression(expression)) return new Map();
    const called = expression.expression;
    const isObject =
      ts.isPropertyAccessExpression(called) && /^(strictObject|object)$/.test(called.name.text);
    const [literal] = expression.arguments;
    if (!isObject || !literal || !ts.isObjectLiteralExpression(literal)) {
      const inner = this.#keysOf(called);
      return inner.size > 0 || !literal ? inner : this.#keysOf(literal);
    }
    return new Map(literal.properties.filter(ts.isPropertyAssignment).map((key) => this.#keyOf(key)));
  }

  #keyOf(key: ts.PropertyAssignment): [string, Commented] {
    const text = ts
      .getJSDocCommentsAndTags(key)
      .map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '')
      .join(' ')
      .replace(/\s+/g, ' ')
      .trim();
    return [key.name.getText(), { text, below: this.#keysOf(key.initializer) }];
  }
}

function rangeOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Described): string {
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  const least = minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum;
  if (least !== undefined && most !== undefined) return ` ${least} to ${most}`;
  if (least !== undefined) return `, at least ${least}`;
  if (exclusiveMinimum !== undefined && exclusiveMaximum !== undefined)
    return ` between ${exclusiveMinimum} and ${exclusiveMaximum}`;
  if (exclusiveMinimum !== undefined)
    return most === undefined
      ? `, above ${exclusiveMinimum}`
      : `, above ${exclusiveMinimum}, at most ${most}`;
  if (exclusiveMaximum !== undefined) return `, below ${exclusiveMaximum}`;
  return most === undefined ? '' : `, at most ${most}`;
}

function typeOf(value: Described): string {
  if (value.enum) return value.enum.map((one) => `\`${one}\``).join(', ');
  if (value.const !== undefined) return `\`${JSON.stringify(value.const)}\``;
  if (value.anyOf) return value.anyOf.map(typeOf).join(' or ');
  if (value.prefixItems) return `[${value.prefixItems.map(typeOf).join('; ')}]`;
  if (value.type === 'array') return `list of ${value.items ? typeOf(value.items) : 'anything'}`;
  if (value.type === 'integer') return `whole number${rangeOf(value)}`;
  return `${value.type === 'object' ? 'keys below' : value.type}${rangeOf(value)}`;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** A row for each key that holds a value; keys of nested objects follow with their whole path. */
function rowsOf(value: Described, { below }: Commented, path: string): string[] {
  return Object.entries(value.properties ?? {}).flatMap(([name, key]) => {
    const comment = below.get(name) ?? NOTHING;
    const whole = `${path}${name}`;
    const nested = [key, ...(key.anyOf ?? [])].find(({ properties }) => properties);
    const isRequired = value.required?.includes(name) && key.default === undefined;
    const given = key.default === undefined || key.properties ? '' : `\`${JSON.stringify(key.default)}\``;
    const row = `| \`${whole}\` | ${cell(typeOf(key))} | ${isRequired ? 'required' : given} | ${cell(comment.text)} |`;
    if (!nested) return [row];
    const isOnlyNested = nested === key && comment.text === '';
    return [...(isOnlyNested ? [] : [row]), ...rowsOf(nested, comment, `${whole}.`)];
  });
}

export function configurationPage(): string {
  const schema = z.toJSONSchema(runConfigSchema, { io: 'input', unrepresentable: 'any' }) as Described;
  const comments = new Comments().of('runConfigSchema');
  return `# Configuration

This page is made from the schema in [config/schema.ts](../../config/schema.ts) (\`npm run reference\`).

A run is described by one YAML file (\`train --config FILE\`), or by an object of the same keys (\`train({ config })\`). Keys that
are left out have the value in the third column. \`--set key=value\` changes one for once. [Training](../concepts/training.md) says
what they do.

| key | value | default | |
| --- | --- | --- | --- |
${rowsOf(schema, comments, '').join('\n')}
`;
}
