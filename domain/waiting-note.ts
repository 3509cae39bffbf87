import type { CrisisResource } from './resources.ts';

/**
 * What somebody is told, again and again, while nobody has answered their alert: the truth, and whom
 * to call besides. `lines` are the clinic's, in its order.
 */
export function waitingNote(lines: readonly CrisisResource[]): string {
  const emergency = lines.find(({ kind, phone }) => kind === 'emergency' && phone !== null);
  const hotline = lines.find(({ kind, phone }) => kind === 'hotline' && phone !== null);
  const text = lines.find(({ kind, text: line }) => kind === 'text' && line !== null);
  return [
    'Nobody has answered yet. We are still calling people, and we will not stop until somebody comes.',
    ...(emergency === undefined ? [] : [`If your life is in danger, call ${emergency.phone} now.`]),
    ...(hotline === undefined ? [] : [`You can also call ${hotline.phone} (${hotline.title}).`]),
    ...(text === undefined ? [] : [`${text.text} (${text.title}).`]),
    'Please stay with us.',
  ].join(' ');
}
