/** How special tokens stand around one text or two: `[CLS] A [SEP]`, `<s> A </s></s> B </s>`. */
import { TokenizerError } from './tokenizer-error.js';
import type { SimplePostProcessor, TemplatePiece, TokenizerJson } from './tokenizer-schema.js';

export type TemplateItem =
  | { readonly kind: 'special'; readonly id: number; readonly type: number }
  | { readonly kind: 'text'; readonly which: 'A' | 'B'; readonly type: number };

export interface Template {
  readonly single: readonly TemplateItem[];
  readonly pair: readonly TemplateItem[];
}

const special = (id: number, type = 0): TemplateItem => ({ kind: 'special', id, type });
const text = (which: 'A' | 'B', type = 0): TemplateItem => ({ kind: 'text', which, type });

type Processing<K extends string> = Extract<SimplePostProcessor, { type: K }>;

function ofTemplate({ single, pair, special_tokens: tokens }: Processing<'TemplateProcessing'>): Template {
  const item = (piece: TemplatePiece): TemplateItem => {
    if ('Sequence' in piece) return text(piece.Sequence.id, piece.Sequence.type_id);
    const { id, type_id: type } = piece.SpecialToken;
    const known = Object.hasOwn(tokens, id) ? tokens[id] : undefined;
    if (known === undefined)
      throw new TokenizerError(`tokenizer.json: post_processor: ${id} is not among its special_tokens`);
    return special(known.ids[0]!, type);
  };
  return { single: single.map(item), pair: pair.map(item) };
}

function ofProcessor(processor: SimplePostProcessor): Template | null {
  switch (processor.type) {
    case 'TemplateProcessing':
      return ofTemplate(processor);
    case 'BertProcessing': {
      const [cls, sep] = [processor.cls[1], processor.sep[1]];
      const single = [special(cls), text('A'), special(sep)];
      return { single, pair: [...single, text('B', 1), special(sep, 1)] };
    }
    case 'RobertaProcessing': {
      const [cls, sep] = [processor.cls[1], processor.sep[1]];
      const single = [special(cls), text('A'), special(sep)];
      return { single, pair: [...single, special(sep), text('B'), special(sep)] };
    }
    case 'ByteLevel':
      return null;
  }
}

/** Classification reads the first token: a special one, with each text once behind it. */
function check(items: readonly TemplateItem[], texts: string, name: string): void {
  const order = items.flatMap((item) => (item.kind === 'text' ? [item.which] : [])).join('');
  if (items[0]?.kind !== 'special' || order !== texts)
    throw new TokenizerError(
      `tokenizer.json: post_processor: expected a special token and then ${texts.split('').join(' and ')} for ${name}`,
    );
}

export function createTemplate(literal: TokenizerJson['post_processor']): Template {
  const processors = literal === null ? [] : literal.type === 'Sequence' ? literal.processors : [literal];
  const templates = processors.flatMap((processor) => ofProcessor(processor) ?? []);
  const [template, ...others] = templates;
  if (template === undefined || others.length > 0)
    throw new TokenizerError(
      `tokenizer.json: post_processor: expected one rule for special tokens, got ${templates.length}`,
    );
  check(template.single, 'A', 'one text');
  check(template.pair, 'AB', 'two texts');
  return template;
}
