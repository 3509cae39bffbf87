import { reviseTurn } from '../../db/companion.ts';
import { inTransaction } from '../../db/transaction.ts';
import { crisisReply } from '../../domain/companion/crisis-reply.ts';
import type { Alarming } from '../../domain/triage/screen.ts';
import { auditContext } from '../access/audit-context.ts';
import { helpLines } from '../crisis/help-lines.ts';
import { recordReport, startAlert } from '../crisis/intake.ts';
import type { Call } from '../http/handler.ts';
import { memoryOf } from './memory.ts';
import { sessionOf } from './record-turn.ts';
import type { Recorded, Taken } from './recorded.ts';
import { replyOf } from './replies.ts';
import { sealing } from './sealed-texts.ts';

/**
 * A model answered in words of crisis: whether it heard more than the detector, or says what nobody
 * must be told, a human looks at it. The reply to a crisis and the alert are on record together.
 */
export async function alarmForReply(
  call: Call,
  recorded: Recorded,
  { severity, type }: Alarming,
  said: string,
): Promise<Taken> {
  const { deps, principal, requestId } = call;
  const { personId, clinicId } = principal;
  const { taken, placed } = recorded;
  const { turnId } = taken;
  const conversationId = taken.conversationId!;
  const lines = await helpLines(deps, clinicId);
  const context = auditContext(principal, requestId);
  const done = await inTransaction(deps.crisisKnex, context, async (trx, audit) => {
    const raised = await recordReport(deps.cipher, trx, audit, {
      clinicId,
      personId,
      severity,
      type,
      source: 'companion',
      sessionId: sessionOf(placed),
      messageId: turnId,
      reportedBy: null,
      words: JSON.stringify({ said: placed.wish.text, modelReplied: said }),
    });
    const wish = { language: recorded.before.language, isRepeated: !raised.isNew };
    const reply = replyOf(crisisReply(lines, wish), { severity, alertId: raised.alertId });
    const seal = sealing(deps.cipher, trx, conversationId);
    await reviseTurn(trx, {
      turnId,
      conversationId,
      personId,
      reply: await seal('reply', reply, turnId),
      source: 'crisis',
      isCrisis: true,
      restoredState: await seal('state', recorded.before),
      seenVersion: recorded.version,
    });
    return { raised, reply };
  });
  memoryOf(deps).conversations.delete(conversationId);
  void startAlert(deps, done.raised);
  return { ...taken, reply: done.reply, isCrisis: true };
}
