import type { Knex } from 'knex';
import { reviseTurn } from '../../db/companion.ts';
import type { RaisedAlert } from '../../db/crisis-intake.ts';
import { inTransaction } from '../../db/transaction.ts';
import { crisisReply } from '../../domain/companion/crisis-reply.ts';
import type { AlertSeverity } from '../../domain/escalation-policy.ts';
import type { CrisisResource } from '../../domain/resources.ts';
import type { Alarming } from '../../domain/triage/screen.ts';
import { auditContext } from '../access/audit-context.ts';
import { helpLines, withHelpLines } from '../crisis/help-lines.ts';
import { raiseAlert, recordReport, startAlert } from '../crisis/intake.ts';
import type { ReportedTrigger } from '../crisis/intake.ts';
import { safely } from '../http/error-handler.ts';
import type { Call } from '../http/handler.ts';
import { memoryOf } from './memory.ts';
import { sessionOf } from './record-turn.ts';
import type { Recorded, Taken } from './recorded.ts';
import { replyOf } from './replies.ts';
import { sealing } from './sealed-texts.ts';
import type { GivenReply } from './sealed-texts.ts';

/**
 * A model answered in words of crisis: whether it heard more than the detector, or says what nobody
 * must be told, a human looks at it. The reply to a crisis and the alert are on record together;
 * where they can't be, a human is called all the same. Throws `dependency_unavailable`, with whom to
 * call, where that fails as well.
 */
export async function alarmForReply(
  call: Call,
  recorded: Recorded,
  screening: Alarming,
  said: string,
): Promise<Taken> {
  const { deps, principal, requestId } = call;
  const { placed } = recorded;
  const report = {
    clinicId: principal.clinicId,
    personId: principal.personId,
    severity: screening.severity,
    type: screening.type,
    source: 'companion' as const,
    sessionId: sessionOf(placed),
    reportedBy: null,
    words: JSON.stringify({ said: placed.wish.text, modelReplied: said }),
  };
  try {
    return await onRecord(call, recorded, { ...report, messageId: recorded.taken.turnId });
  } catch (error) {
    deps.log.error({ requestId, error: safely(error) }, 'the reply to a crisis was not kept');
    return callAlone(call, recorded, { ...report, messageId: null });
  }
}

/** The reply to a crisis is said even where the turn can't be given it. */
async function callAlone(call: Call, recorded: Recorded, report: ReportedTrigger): Promise<Taken> {
  const { deps, principal, requestId } = call;
  const raised = await raiseAlert(deps, report, { principal, requestId }).catch(
    async (failed: unknown) => {
      throw await withHelpLines(deps, principal, failed);
    },
  );
  const lines = await helpLines(deps, principal.clinicId);
  const reply = replyTo(recorded, lines, report.severity, raised);
  await reviseWith(deps.crisisKnex, call, recorded, reply).catch((error: unknown) => {
    deps.log.error(
      { requestId, error: safely(error) },
      'a turn goes without its reply to a crisis',
    );
  });
  return { ...recorded.taken, reply, isCrisis: true };
}

function replyTo(
  recorded: Recorded,
  lines: readonly CrisisResource[],
  severity: AlertSeverity,
  { alertId, isNew }: Pick<RaisedAlert, 'alertId' | 'isNew'>,
): GivenReply {
  const wish = { language: recorded.before.language, isRepeated: !isNew };
  return replyOf(crisisReply(lines, wish), { severity, alertId });
}

async function onRecord(call: Call, recorded: Recorded, report: ReportedTrigger): Promise<Taken> {
  const { deps, principal, requestId } = call;
  const { taken } = recorded;
  const lines = await helpLines(deps, principal.clinicId);
  const context = auditContext(principal, requestId);
  const done = await inTransaction(deps.crisisKnex, context, async (trx, audit) => {
    const raised = await recordReport(deps.cipher, trx, audit, report);
    const reply = replyTo(recorded, lines, report.severity, raised);
    await reviseWith(trx, call, recorded, reply);
    return { raised, reply };
  });
  void startAlert(deps, done.raised);
  return { ...taken, reply: done.reply, isCrisis: true };
}

/** Puts the reply to a crisis in the place of what the guided companion said. */
async function reviseWith(
  db: Knex,
  { deps, principal }: Call,
  { taken, before, version }: Recorded,
  reply: GivenReply,
): Promise<void> {
  const { turnId } = taken;
  const conversationId = taken.conversationId!;
  const seal = sealing(deps.cipher, db, conversationId);
  await reviseTurn(db, {
    turnId,
    conversationId,
    personId: principal.personId,
    reply: await seal('reply', reply, turnId),
    source: 'crisis',
    isCrisis: true,
    restoredState: await seal('state', before),
    seenVersion: version,
  });
  memoryOf(deps).conversations.delete(conversationId);
}
