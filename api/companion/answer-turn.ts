import { findTurn } from '../../db/companion.ts';
import type { TurnOutcome } from '../../db/companion.ts';
import { nextTurn } from '../../domain/companion/companion.ts';
import { crisisReply } from '../../domain/companion/crisis-reply.ts';
import { openCompanion } from '../../domain/companion/state.ts';
import type { CompanionState } from '../../domain/companion/types.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { Alarming } from '../../domain/triage/screen.ts';
import { helpLines } from '../crisis/help-lines.ts';
import { memoryOf } from './memory.ts';
import { conversationIdOf, languageOf, recordAlarm, recordTurn } from './record-turn.ts';
import type { Placed } from './record-turn.ts';
import { final } from './recorded.ts';
import type { Outcome, Taken } from './recorded.ts';
import { replyOf } from './replies.ts';
import { openTurns } from './sealed-texts.ts';
import type { GivenReply } from './sealed-texts.ts';

/** The guided companion's answer, on record at once. */
export async function answer(placed: Placed): Promise<Outcome | null> {
  const { wish, place } = placed;
  const now = Date.now();
  const language = wish.details.language;
  const before =
    (place.kind === 'known' ? place.known.state : null) ??
    openCompanion(now, language === null ? {} : { language });
  const { state, reply } = nextTurn(before, wish.text ?? '', now);
  const given = replyOf(reply);
  const outcome = await recordTurn(placed, { reply: given, source: 'guided', state });
  if (outcome.outcome === 'alarmed') return answerAlarmed(placed, outcome.alertId);
  if (outcome.outcome !== 'taken') return otherwise(placed, outcome);
  remember(placed, outcome, state);
  const taken = takenOf(placed, outcome, given);
  const { version } = outcome;
  return { kind: 'open', recorded: { taken, placed, before, after: state, version } };
}

/** The reply to a crisis, with its alert. */
export async function answerCry(placed: Placed, screening: Alarming): Promise<Outcome | null> {
  const { deps, principal } = placed.call;
  const lines = await helpLines(deps, principal.clinicId);
  const { outcome, raised, reply } = await recordAlarm(placed, screening, ({ alertId, isNew }) =>
    replyOf(crisisReply(lines, { ...languageOf(placed), isRepeated: !isNew }), {
      severity: screening.severity,
      alertId,
    }),
  );
  if (raised === null || outcome.outcome !== 'taken') return otherwise(placed, outcome);
  remember(placed, outcome, null);
  return final(takenOf(placed, outcome, reply));
}

/** Nobody has answered the person's alert yet: the companion talks of nothing else. */
async function answerAlarmed(placed: Placed, alertId: string): Promise<Outcome | null> {
  const { deps, principal } = placed.call;
  const lines = await helpLines(deps, principal.clinicId);
  const reply = replyOf(crisisReply(lines, { ...languageOf(placed), isRepeated: true }), {
    alertId,
  });
  const outcome = await recordTurn(placed, { reply, source: 'crisis', state: null });
  if (outcome.outcome !== 'taken') return otherwise(placed, outcome);
  remember(placed, outcome, null);
  return final(takenOf(placed, outcome, reply));
}

function takenOf(
  placed: Placed,
  { number, takenAt }: Extract<TurnOutcome, { outcome: 'taken' }>,
  reply: GivenReply,
): Taken {
  const conversationId = conversationIdOf(placed);
  const isCrisis = reply.type === 'crisis-response';
  return { conversationId, turnId: placed.call.newId, number, reply, isCrisis, takenAt };
}

/** What this process knows of the conversation after the turn; a new one is read when it goes on. */
function remember(
  placed: Placed,
  { version, number, takenAt }: Extract<TurnOutcome, { outcome: 'taken' }>,
  state: CompanionState | null,
): void {
  const { place, wish, call } = placed;
  if (place.kind === 'new') return;
  const { known } = place;
  const conversation = {
    ...known.conversation,
    version,
    turnCount: number,
    lastTurnAt: takenAt,
    awaitsConsent: false,
  };
  const said =
    wish.text === null
      ? known.said
      : [...known.said, { text: wish.text, atMs: takenAt.getTime() }].slice(-5);
  const { conversations } = memoryOf(call.deps);
  conversations.set(conversation.id, { conversation, state: state ?? known.state, said });
}

/** The turn was not taken: it is there already, the conversation is over, or all is read anew. */
async function otherwise(placed: Placed, outcome: TurnOutcome): Promise<Outcome | null> {
  const { conversations } = memoryOf(placed.call.deps);
  const id = conversationIdOf(placed);
  conversations.delete(id);
  switch (outcome.outcome) {
    case 'known':
      return recall(placed);
    case 'over':
      throw new HoldfastError('wrong_state', 'This conversation has ended');
    case 'none':
      if (placed.place.kind === 'new') return null;
      throw new HoldfastError('not_found', 'There is no such conversation');
    default:
      return null;
  }
}

/** The same request again: what it was answered with. */
async function recall(placed: Placed): Promise<Outcome | null> {
  const { deps, newId } = placed.call;
  const turn = await findTurn(deps.knex, newId);
  if (turn === null) return null;
  const { conversationId } = turn;
  const [opened] = await openTurns(deps.cipher, deps.knex, conversationId, [turn]);
  const { number, reply, isCrisis, saidAt } = opened!;
  return final({
    conversationId,
    turnId: newId,
    number,
    reply,
    isCrisis,
    takenAt: saidAt,
  });
}
