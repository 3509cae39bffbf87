import type { PhraseGroup } from './language-pack.ts';
import type { Tag } from './lexicon.ts';
import type { Match } from './patterns.ts';
import { type Scene, means } from './scene.ts';
import { WINDOW, firstOf, has, voiceOf } from './surroundings.ts';
import type { Subject } from './types.ts';

/** `told` of others in a song or a film; `own` where the writer may hide behind a quotation. */
export type Story = 'none' | 'told' | 'own';

/** Whether a phrase belongs to a story, and whose that is. */
export function storyOf(
  match: Match<Tag>,
  group: PhraseGroup,
  subject: Subject,
  scene: Scene,
): Story {
  const voice = voiceOf(match, scene);
  const isOthers = subject === 'third' || voice === 'quoted_third';
  if (!isOthers && voice === 'own') return 'none';
  if (!has(match, 'fiction', scene) || has(match, 'identifying', scene)) return 'none';
  if (isOthers) return isOfSomebodyKnown(match, scene) ? 'none' : 'told';
  return group.isExplicit && isQuotedByWriter(match, scene) ? 'own' : 'told';
}

/**
 * Whether the words are of somebody whom the writer knows ("my friend"): what is around may be a
 * song that they listen to, but is no story of them.
 */
function isOfSomebodyKnown(match: Match<Tag>, scene: Scene): boolean {
  const { tokens, lexicon } = scene;
  const { words } = lexicon;
  const start = firstOf(match);
  for (let at = start - 1; at >= Math.max(0, start - WINDOW); at -= 1) {
    if (tokens[at]?.sentence !== tokens[start]?.sentence) return false;
    if (!means(tokens[at], words.thirdPerson)) continue;
    if (means(tokens[at], words.fiction)) return false;
    if (means(tokens[at - 1], words.owning)) return true;
    return means(tokens[at - 2], words.owning) && !means(tokens[at - 1], words.fiction);
  }
  return false;
}

/**
 * Whether the writer is in the sentence around the quotation: "the only line I can write is ...".
 * They are not in what is merely a title: "I like the song ...".
 */
function isQuotedByWriter(match: Match<Tag>, scene: Scene): boolean {
  const { tokens, lexicon, voices } = scene;
  const { words } = lexicon;
  const start = firstOf(match);
  const isAround = (at: number): boolean =>
    tokens[at]?.sentence === tokens[start]?.sentence && Math.abs(at - start) <= 3 * WINDOW;
  let before = start;
  while (before >= 0 && voices[before] !== 'own') before -= 1;
  if (isAround(before) && means(tokens[before], words.titled)) {
    if (!means(tokens[before - 1], words.owning)) return false;
  }
  for (const step of [-1, 1]) {
    for (let at = start; isAround(at); at += step) {
      if (voices[at] === 'own' && means(tokens[at], words.writer)) return true;
    }
  }
  return false;
}
