/** What a command file exports, and the options that all of them have. */
import type { CommandModule } from 'yargs';

/** Options that every command has. */
export interface GlobalOptions {
  readonly verbose: boolean;
}

export type Command<Options> = CommandModule<GlobalOptions, GlobalOptions & Options>;

/** A command of any options: yargs checks what the user typed against its builder. */
export interface RegisteredCommand {
  readonly command?: CommandModule['command'];
  readonly builder?: unknown;
  readonly handler: (options: never) => void | Promise<void>;
}
