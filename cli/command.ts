/** A command: its options are declared once, and what its handler gets follows from them. */
import type { CommandModule, InferredOptionType, Options, PositionalOptions } from 'yargs';
import type { OptionReader } from './options.js';

/** Options that every command has. */
export interface GlobalOptions {
  readonly verbose: boolean;
}

type OptionTable = Readonly<Record<string, Options>>;
type PositionalTable = Readonly<Record<string, PositionalOptions>>;

type CamelCase<Name extends string> = Name extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Name;

/** Values of options as a handler gets them: `max-clients` as `maxClients`. */
export type OptionsOf<Table extends OptionTable | PositionalTable> = {
  readonly [Name in keyof Table as CamelCase<Name & string>]: InferredOptionType<Table[Name]>;
};

interface CommandDefinition<O extends OptionTable, P extends PositionalTable> {
  /** The name, and positional arguments as `<name>`. */
  readonly command: string;
  readonly describe: string;
  readonly options: O;
  readonly positionals?: P;
  /** Options may also stand in a YAML or JSON file (`--config`), and in the environment behind this prefix. */
  readonly configuredBy?: {
    readonly prefix: string;
    readonly read: (path: string) => Record<string, unknown>;
  };
  handler(options: GlobalOptions & OptionsOf<O> & OptionsOf<P>): void | Promise<void>;
}

/** A command among others. */
export interface Command extends CommandModule {
  readonly command: string;
  /** Names of its options. */
  readonly options: readonly string[];
  /** Options that may be given several times, whose values add up. */
  readonly lists: readonly string[];
  /** What options take, where their readers say so: `integer, 1 to 64`. */
  readonly takes: ReadonlyMap<string, string>;
}

const takenBy = ({ coerce }: Options): string | undefined =>
  (coerce as Partial<OptionReader<unknown>>)?.takes;

/** For the parser: text to be read, which a reader turns into a number, with its default as it would be typed. */
const forParser = (option: Options): Options =>
  takenBy(option) === undefined
    ? option
    : {
        ...option,
        type: 'string',
        ...(option.default === undefined ? {} : { defaultDescription: String(option.default) }),
      };

/** What `command.ts` files export. yargs checks what the user typed against the declared options before the handler runs. */
export function defineCommand<O extends OptionTable, P extends PositionalTable = Record<never, never>>(
  definition: CommandDefinition<O, P>,
): Command {
  const { command, describe, options, positionals, configuredBy } = definition;
  return {
    command,
    describe,
    options: [...Object.keys(options), ...(configuredBy === undefined ? [] : ['config'])],
    takes: new Map(
      Object.entries(options).flatMap(([name, option]) => {
        const takes = takenBy(option);
        return takes === undefined ? [] : [[name, takes]];
      }),
    ),
    lists: Object.keys(options).filter((name) => options[name]?.array === true),
    builder(yargs) {
      for (const [name, positional] of Object.entries(positionals ?? {})) yargs.positional(name, positional);
      if (configuredBy !== undefined)
        yargs.env(configuredBy.prefix).config('config', 'YAML or JSON file of options', configuredBy.read);
      return yargs.options(
        Object.fromEntries(Object.entries(options).map(([name, option]) => [name, forParser(option)])),
      );
    },
    handler: (values) => definition.handler(values as unknown as Parameters<typeof definition.handler>[0]),
  };
}
