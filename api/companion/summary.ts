import type { OpenedTurn } from './sealed-texts.ts';

const WORDS_SHOWN = 4;
const LONGEST_SHOWN = 240;

/**
 * What a human who takes over is told of a conversation, where its owner agrees: by rules and in
 * the person's own words, so that nothing is in it which was not said.
 */
export function summarise(startedAt: Date, turns: readonly OpenedTurn[]): string {
  const said = turns.flatMap(({ words }) => (words === null ? [] : [words.text.trim()]));
  const moods = unique(turns.map(({ reply }) => reply.mood).filter((mood) => mood !== 'neutral'));
  const topics = unique(turns.flatMap(({ reply }) => reply.topic ?? []));
  const hasCrisis = turns.some(({ isCrisis }) => isCrisis);
  const quoted = said.filter((text) => text.length > 12).slice(-WORDS_SHOWN);
  return [
    `Summary of a conversation with the automated companion, passed on with consent.`,
    `Began ${startedAt.toISOString()}; ${said.length} messages.`,
    ...(moods.length === 0 ? [] : [`Mood: ${moods.join(', ')}.`]),
    ...(topics.length === 0 ? [] : [`Exercises and topics: ${topics.join(', ')}.`]),
    ...(hasCrisis ? ['An alert was raised during the conversation.'] : []),
    ...quoted.map((text) => `In their words: "${shorten(text)}"`),
  ].join('\n');
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}

function shorten(text: string): string {
  const plain = text.replaceAll(/\s+/g, ' ');
  return plain.length <= LONGEST_SHOWN ? plain : `${plain.slice(0, LONGEST_SHOWN).trimEnd()}...`;
}
