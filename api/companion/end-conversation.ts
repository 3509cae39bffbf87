import { endConversation, findConversation } from '../../db/companion.ts';
import type { CompanionConversation } from '../../db/companion.ts';
import type { RaisedAlert } from '../../db/crisis-intake.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { Screening } from '../../domain/triage/screen.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforceCompanion } from '../access/companion-access.ts';
import { asWritten } from '../crisis/as-written.ts';
import { withHelpLines } from '../crisis/help-lines.ts';
import { recordReport, startAlert } from '../crisis/intake.ts';
import { screenWords } from '../crisis/screen-words.ts';
import type { Call } from '../http/handler.ts';
import { raiseAlarm } from '../crisis/alarm.ts';
import { FieldReader } from '../support/sessions/fields.ts';
import { memoryOf } from './memory.ts';
import { sealing } from './sealed-texts.ts';
import type { ClosingWords } from './sealed-texts.ts';

export interface Ended {
  readonly conversation: CompanionConversation;
  readonly closing: ClosingWords;
  /** For what was said at the end. */
  readonly raised: RaisedAlert | null;
}

interface ClosingWish extends ClosingWords {
  readonly rating: number | null;
}

const LONGEST_FEEDBACK = 5_000;
const MOST_TOPICS = 30;
const LONGEST_TOPIC = 100;

/**
 * Ends a conversation, with what its owner thought of it. The last words are read by the detector
 * like any others. Throws `malformed_request`, `not_found`, `wrong_state` where it has ended.
 */
export async function endCompanion(call: Call): Promise<Ended> {
  const { deps, principal, body, requestId } = call;
  const screening = screenWords(body);
  try {
    return await end(call, readClosing(body), screening);
  } catch (error) {
    if (screening.severity === null) throw error;
    const heard = { principal, screening, words: asWritten(body), sessionId: null };
    const alertId = await raiseAlarm(deps, { ...heard, source: 'companion' }, requestId);
    throw await withHelpLines(deps, principal, error, alertId);
  }
}

async function end(call: Call, wish: ClosingWish, screening: Screening): Promise<Ended> {
  const { deps, principal, requestId, body } = call;
  const { personId, clinicId } = principal;
  const given = call.params['id']!;
  const id = given.toLowerCase();
  await enforceCompanion(call, 'end', given, await findConversation(deps.knex, id));
  const { rating, ...closing } = wish;
  const pool = screening.severity === null ? deps.knex : deps.crisisKnex;
  const ended = await inTransaction(
    pool,
    auditContext(principal, requestId),
    async (trx, audit) => {
      const sealed = await sealing(deps.cipher, trx, id)('closing', closing);
      const conversation = await endConversation(trx, id, { rating, closing: sealed });
      if (conversation === null)
        throw new HoldfastError('wrong_state', 'This conversation has ended');
      const whose = { objectType: 'companion_conversation', objectId: id, subjectId: personId };
      audit({ action: 'companion_conversation.end', ...whose, changes: { rating } });
      if (screening.severity === null) return { conversation, raised: null };
      const raised = await recordReport(deps.cipher, trx, audit, {
        clinicId,
        personId,
        severity: screening.severity,
        type: screening.type,
        source: 'companion',
        sessionId: conversation.handedOverTo ?? conversation.sessionId,
        messageId: null,
        reportedBy: personId,
        words: asWritten(body),
      });
      return { conversation, raised };
    },
  );
  memoryOf(deps).conversations.delete(id);
  if (ended.raised !== null) void startAlert(deps, ended.raised);
  return { ...ended, closing };
}

function readClosing(body: unknown): ClosingWish {
  const fields = new FieldReader(body ?? {});
  const topics = fields.has('helpful_topics') ? 'helpful_topics' : 'helpfulTopics';
  const closing = {
    rating: fields.integer('rating', 1, 5),
    feedback: fields.text('feedback', LONGEST_FEEDBACK),
    helpfulTopics: fields.texts(topics, MOST_TOPICS, LONGEST_TOPIC) ?? [],
  };
  fields.check();
  return closing;
}
