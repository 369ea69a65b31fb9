/** What somebody at the command line can do about an error of the library, which knows no options. By the error's code. */
const ADVICE: Readonly<Record<string, string>> = {
  ERR_MODEL_CHANGED:
    'if that is expected, accept the new one once with --accept-changed-model, or pin it with --model-digest',
  ERR_OPENS_MORE: 'accept it with --opens counts, or ask for a model exported with --opens schedule',
  ERR_RESIDENT_WEIGHTS: 'connect without --resident-weights',
};

/** The error's message, and advice where there is some. */
export function withAdvice(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : String(error);
  const advice = ADVICE[String((error as { readonly code?: unknown } | null)?.code)];
  return advice === undefined ? message : `${message}; ${advice}`;
}
