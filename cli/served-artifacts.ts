/** `--artifact FOLDER`, or `--artifact NAME=FOLDER` as often as there are models. */
import { MODEL_NAME } from '../inference/net/hello.js';
import { UsageError } from '../util/errors.js';

/** @throws UsageError */
export function artifactsOf(given: readonly string[]): string | Record<string, string> {
  const [first] = given;
  if (given.length === 1 && !isNamed(first!)) return first!;
  const folders: Record<string, string> = {};
  for (const value of given) {
    if (!isNamed(value))
      throw new UsageError(`--artifact: expected NAME=FOLDER for each of several, got ${value}`);
    const at = value.indexOf('=');
    const name = value.slice(0, at);
    if (name in folders) throw new UsageError(`--artifact: expected different names, got ${name} twice`);
    folders[name] = value.slice(at + 1);
  }
  return folders;
}

/** A folder may have a `=` in it, but hardly one behind what looks like a name. */
const isNamed = (value: string): boolean => {
  const at = value.indexOf('=');
  return at > 0 && MODEL_NAME.test(value.slice(0, at));
};
