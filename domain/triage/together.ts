import type { Folded } from './fold.ts';
import { isBrokenOff } from './fragments.ts';
import { areTied } from './joints.ts';
import type { Lexicon } from './lexicon.ts';
import type { Meter } from './meter.ts';
import { inTurn, saidIn } from './tokens.ts';

/**
 * Whether a phrase takes a word of the last of some messages in a reading of them all. Where this is
 * false there is nothing to find in such a reading for a message in which nothing was found alone.
 */
export function isCompleted(messages: readonly Folded[], lexicon: Lexicon, meter: Meter): boolean {
  const { vocabulary, phrases, needs } = lexicon;
  if (isBrokenOff(messages, vocabulary)) return true;
  const said = messages.map((folded) => saidIn(folded, vocabulary, meter));
  if (areTied(said, vocabulary, meter)) return true;
  const own = said.at(-1)?.ids ?? [];
  const earlier = said.slice(0, -1).map(({ ids }) => ids);
  const possible = needs.endingIn(own, earlier, meter);
  if (possible.length === 0) return false;
  const tokens = inTurn(said);
  return phrases
    .findThese(possible, tokens, meter)
    .some((match) => match.tokens.some((at) => tokens[at]?.message === 0));
}
