import { crisisReply } from '../../domain/companion/crisis-reply.ts';
import { errorCodeOf } from '../../domain/errors.ts';
import { knownClinic } from '../access/principal.ts';
import { helpLines, withHelpLines } from '../crisis/help-lines.ts';
import { raiseAlert } from '../crisis/intake.ts';
import { safely } from '../http/error-handler.ts';
import { conversationIdOf, languageOf, sessionOf } from './record-turn.ts';
import type { Placed } from './record-turn.ts';
import { final } from './recorded.ts';
import type { Outcome } from './recorded.ts';
import { replyOf } from './replies.ts';

/**
 * The turn could not be taken. Whoever cries for help in it is heard all the same: with a database
 * that does not answer, the reply and the alert are all there is.
 */
export async function callForHelp(placed: Placed, error: unknown): Promise<Outcome> {
  const { call, screening } = placed;
  const { deps, principal, requestId } = call;
  const { severity, type } = screening;
  if (severity === null) throw error;
  const { personId } = principal;
  const clinicId = knownClinic(principal);
  const report = {
    clinicId,
    personId,
    severity,
    type,
    source: 'companion' as const,
    sessionId: sessionOf(placed),
    messageId: null,
    reportedBy: personId,
    words: placed.words,
  };
  try {
    const { alertId, isNew } = await raiseAlert(deps, report, { principal, requestId });
    if (isRefusal(error)) throw error;
    deps.log.error({ requestId, error: safely(error) }, 'a turn with a cry for help was not kept');
    const lines = await helpLines(deps, clinicId);
    const wish = { ...languageOf(placed), isRepeated: !isNew };
    const reply = replyOf(crisisReply(lines, wish), { severity, alertId });
    const conversationId = placed.place.kind === 'known' ? conversationIdOf(placed) : null;
    const taken = { conversationId, turnId: call.newId, number: 0, reply };
    return final({ ...taken, isCrisis: true, takenAt: new Date() });
  } catch (refused) {
    throw await withHelpLines(deps, principal, refused);
  }
}

/** Told apart from what went wrong: there is nothing to be had by asking again. */
function isRefusal(error: unknown): boolean {
  const code = errorCodeOf(error);
  return code === 'not_found' || code === 'wrong_state' || code === 'refused_by_rule';
}
