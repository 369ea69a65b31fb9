/** Which tokens of a sentence leave in which layer. */
import type { TokenLine } from '../../measure/run-result.js';
import { chosenSentences, sentencesHtml } from '../../report/sentences.js';
import type { Block } from '../block.js';
import type { Section } from '../section.js';

const SENTENCES = 6;

/** `good₂`: left in layer 2. */
const plain = ({ tokens, left }: TokenLine): string =>
  tokens
    .map((token, at) => {
      const layer = left[at] ?? null;
      return layer === null ? `**${token}**` : `${token}(${layer + 1})`;
    })
    .join(' ');

export const tokens: Section = {
  name: 'tokens',
  title: 'Tokens left on a sentence, layer by layer',
  trains: true,
  points: async () => [],
  blocks: (_, { trained }) =>
    trained.flatMap(({ task, sentences }): Block[] =>
      sentences === null
        ? []
        : [
            {
              kind: 'text',
              text: `${task}: the number behind a token is the layer that prunes it; the others stay to the end. Model: cipherprune, in float.`,
            },
            {
              kind: 'sentences',
              id: `tokens-${task.replaceAll(' ', '-')}`,
              html: sentencesHtml(sentences.lines, sentences.labels, SENTENCES),
              lines: chosenSentences(sentences.lines, SENTENCES).map(plain),
            },
          ],
    ),
};
