/** A loader hook: what reads bytes counts its statements and branches in `__coverage__` (istanbul), for the fuzzer to look at. */
import { fileURLToPath } from 'node:url';
import { createInstrumenter } from 'istanbul-lib-instrument';

const INSTRUMENTED =
  /\/(inference\/(net|run|material|server|client|session|three-party|backends\/two-party\/linear)|model)\/[^?]*\.[jt]s/;

const instrumenter = createInstrumenter({
  esModules: true,
  compact: true,
  produceSourceMap: false,
  generatorOpts: {},
});

export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context);
  if (loaded.format !== 'module' || !url.startsWith('file:')) return loaded;
  const path = fileURLToPath(url);
  if (!INSTRUMENTED.test(path) || path.includes('node_modules')) return loaded;
  const code =
    typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source).toString('utf8');
  return { ...loaded, source: instrumenter.instrumentSync(code, path) };
}
