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
 * The turn could not be taken. Whoever cries for help in it is heard all the same: in a conversation
 * that has ended, or with a database that does not answer, the reply and the alert are all there is.
 * Where nothing can be answered, the alert goes with the refusal.
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
  const { alertId, isNew } = await raiseAlert(deps, report, { principal, requestId }).catch(
    async (failed: unknown) => {
      throw await withHelpLines(deps, principal, failed);
    },
  );
  const code = errorCodeOf(error);
  if (code === 'not_found') throw await withHelpLines(deps, principal, error, alertId);
  if (code !== 'wrong_state') {
    deps.log.error({ requestId, error: safely(error) }, 'a turn with a cry for help was not kept');
  }
  const lines = await helpLines(deps, clinicId);
  const wish = { ...languageOf(placed), isRepeated: !isNew };
  const reply = replyOf(crisisReply(lines, wish), { severity, alertId });
  const conversationId = placed.place.kind === 'known' ? conversationIdOf(placed) : null;
  const taken = { conversationId, turnId: call.newId, number: 0, reply };
  return final({ ...taken, isCrisis: true, takenAt: new Date() });
}
