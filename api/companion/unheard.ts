import type { Knex } from 'knex';
import type { FieldCipher } from '../../crypto/field-cipher.ts';
import { listReportsOfTurns } from '../../db/companion-reports.ts';
import { listTurns } from '../../db/companion.ts';
import { triggerTextRef } from '../../db/crisis-carrying.ts';
import { textsOf } from '../crisis/as-written.ts';
import { readWords } from '../crisis/report-words.ts';
import { openWords } from './sealed-texts.ts';

interface Deps {
  readonly db: Knex;
  readonly cipher: FieldCipher;
}

/** Far more than anybody says to the companion in one conversation. */
const MOST_TURNS = 1_000;
const MOST_REPORTS = 50;

/**
 * Those of the messages that a client tells as said before in a conversation which no turn of it has
 * on record, nor any report of one: they were written while the client was offline, and nobody has
 * heard them.
 */
export async function unheardOf(
  deps: Deps,
  conversationId: string,
  told: readonly unknown[],
): Promise<unknown[]> {
  const [said, reported] = await Promise.all([
    saidIn(deps, conversationId),
    reportedIn(deps, conversationId),
  ]);
  return told.filter((message) => {
    const text = contentOf(message);
    return !said.has(text) && !reported.some((words) => words.includes(`\n${text}\n`));
  });
}

async function saidIn({ cipher, db }: Deps, conversationId: string): Promise<Set<string>> {
  const turns = await listTurns(db, conversationId, MOST_TURNS);
  const words = await openWords(cipher, db, conversationId, turns);
  return new Set(words.map(({ text }) => bare(text)));
}

/** A report holds what was told with its turn, too; each text begins and ends a line. */
async function reportedIn({ cipher, db }: Deps, conversationId: string): Promise<string[]> {
  const reports = await listReportsOfTurns(db, conversationId, MOST_REPORTS);
  const sealed = reports.map(({ alertId, triggerId, details }) => {
    return { ref: triggerTextRef({ alertId, triggerId }), sealed: details };
  });
  const texts = sealed.length === 0 ? [] : await cipher.openFields(db, sealed);
  return texts.map((text) => `\n${bare(readWords(text).description ?? '')}\n`);
}

function contentOf(message: unknown): string {
  const content: unknown = Object(message).content;
  return bare(typeof content === 'string' ? content : textsOf(message));
}

/** The same words, whatever a client makes of blanks. */
function bare(text: string): string {
  return text
    .replaceAll('\0', '')
    .split('\n')
    .map((line) => line.trim())
    .join('\n')
    .trim();
}
