import type { CrisisResource } from '../resources.ts';
import type { CrisisTexts } from './language.ts';
import { textsIn } from './texts/index.ts';
import type { CompanionReply } from './types.ts';

/** So many lines of help are shown: somebody in need chooses among few. */
const MOST_LINES = 3;

/**
 * What somebody in a crisis is told, whatever a model would say: that humans know, and where help
 * is at once, from the clinic's own list. `isRepeated` while the alert is open already.
 */
export function crisisReply(
  lines: readonly CrisisResource[],
  wish: { readonly language?: string; readonly isRepeated?: boolean } = {},
): CompanionReply {
  const { crisis } = textsIn(wish.language ?? '');
  const text = wish.isRepeated === true ? crisis.repeated : crisis.first;
  return {
    text: text.replace('{lines}', () => linesOf(lines, crisis)),
    type: 'crisis-response',
    suggestions: crisis.suggestions,
    followUpQuestions: [],
    resources: [],
    intent: 'crisis',
    mood: 'neutral',
    sentiment: 'negative',
    confidence: 1,
    topic: null,
    wantsHuman: true,
    isOver: false,
  };
}

function linesOf(lines: readonly CrisisResource[], crisis: CrisisTexts): string {
  const emergency = lines.find(({ kind, phone }) => kind === 'emergency' && phone !== null);
  const help = lines
    .filter(({ kind }) => kind !== 'emergency' && kind !== 'educational')
    .filter(({ phone, text }) => phone !== null || text !== null)
    .slice(0, MOST_LINES)
    .map((line) =>
      crisis.call
        .replace('{title}', () => line.title)
        .replace('{ways}', () => [line.phone, line.text].filter((way) => way !== null).join(', ')),
    );
  const call = emergency?.phone ?? null;
  return [
    ...(call === null ? [] : [crisis.emergency.replace('{phone}', () => call)]),
    ...help,
  ].join('\n');
}
