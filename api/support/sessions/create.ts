import { findQueueFacts } from '../../../db/support-queue.ts';
import type { SupportSession } from '../../../db/support-sessions.ts';
import { insertSupportSession } from '../../../db/support-transitions.ts';
import { inTransaction } from '../../../db/transaction.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import { graver } from '../../../domain/escalation-policy.ts';
import { estimateWait } from '../../../domain/support-queue.ts';
import type { WaitEstimate } from '../../../domain/support-queue.ts';
import { auditContext } from '../../access/audit-context.ts';
import type { Answer, Call } from '../../http/handler.ts';
import { inBothShapes } from '../dialect.ts';
import { cryInWords, gravestCry, neverUnheard, recordCry } from './call-for-help.ts';
import type { Cry, Helped } from './call-for-help.ts';
import { createdInA, createdInB } from './present.ts';
import { refetch, showSession } from './shown.ts';
import { sealSupportText } from './texts.ts';
import { readWish } from './wish.ts';
import type { SupportWish } from './wish.ts';

/** `POST /api/sessions` and `POST /api/sessions/create` */
export async function createSupportSession(call: Call): Promise<Answer> {
  // A session that can't be made is none to look for.
  const heard = cryInWords(call, call.body, null);
  return neverUnheard(call, heard, () => create(call, heard));
}

async function create(call: Call, heard: Cry | null): Promise<Helped> {
  const asked = readWish(call.body);
  // Who says mild and writes of death is served as what they write.
  const severity = graver(asked.severity, heard?.severity ?? null);
  const wish = { ...asked, severity };
  const ofSession = heard === null ? null : { ...heard, sessionId: call.newId };
  const cry = gravestCry(ofSession, cryInWish(call, wish));
  const raised = await queueUp(call, wish, cry);
  const session = await refetch(call, call.newId);
  const [shown, wait] = await Promise.all([showSession(call, session), waitOf(call, session)]);
  const answer = inBothShapes(201, {
    message: 'Session created successfully',
    a: { session: createdInA(shown, wait.seconds) },
    b: { session: createdInB(shown) },
  });
  return { answer, raised };
}

/** Who says that it is critical, or asks for an intervention, is believed. */
function cryInWish(call: Call, { severity, type, details }: SupportWish): Cry | null {
  if (severity !== 'critical' && type !== 'crisis_intervention') return null;
  const { personId } = call.principal;
  const words = [details.title, details.description].filter((text) => text !== null).join('\n');
  return {
    severity,
    type: type === 'crisis_intervention' ? 'crisis_intervention_requested' : 'critical_request',
    source: 'request',
    sessionId: call.newId,
    personId,
    words: words === '' ? null : words,
  };
}

async function queueUp(call: Call, wish: SupportWish, cry: Cry | null) {
  const { deps, principal, requestId, newId: id } = call;
  const { clinicId, personId: patientId, isAnonymous: isNameless } = principal;
  const { type, helperType, severity } = wish;
  const isAnonymous = wish.isAnonymous ?? isNameless;
  return inTransaction(deps.knex, auditContext(principal, requestId), async (trx, audit) => {
    const words = JSON.stringify(wish.details);
    const details = await sealSupportText(deps.cipher, trx, id, 'details', words);
    const request = { id, clinicId, patientId, type, helperType, severity, isAnonymous, details };
    if (!(await insertSupportSession(trx, request))) {
      throw new HoldfastError('refused_by_rule', 'You have too many requests waiting already');
    }
    const whose = { objectType: 'support_session', objectId: id, subjectId: patientId };
    audit({ action: 'support_session.create', ...whose, changes: { type, severity } });
    return recordCry(call, trx, audit, cry);
  });
}

/** How long a session is likely to wait, from the queue as it is now. */
export async function waitOf(call: Call, session: SupportSession): Promise<WaitEstimate> {
  const { queue, helpers, handlingMs } = await findQueueFacts(call.deps.knex, session.clinicId);
  const { id, type, helperType, severity, isEscalated } = session;
  const own = queue.find((waiting) => waiting.id === id) ?? {
    id,
    type,
    helperType,
    severity,
    isEscalated,
    isReturned: false,
    waitingSinceMs: session.createdAt.getTime(),
  };
  return estimateWait(own, queue, helpers, handlingMs[helperType] ?? [], Date.now());
}
