import { reviseTurn } from '../../db/companion.ts';
import { dropPartialReply } from '../../db/companion-partial-replies.ts';
import { crisisReply } from '../../domain/companion/crisis-reply.ts';
import { textsIn } from '../../domain/companion/texts/index.ts';
import type { CompanionState } from '../../domain/companion/types.ts';
import { untilWon } from '../../db/transaction.ts';
import { helpLines } from '../crisis/help-lines.ts';
import { safely } from '../http/error-handler.ts';
import type { Call } from '../http/handler.ts';
import { alarmForReply } from './alarm-for-reply.ts';
import { askModel } from './ask-model.ts';
import type { ModelAnswer } from './ask-model.ts';
import { answerConsent, handOver } from './hand-over.ts';
import type { HandOver } from './hand-over.ts';
import { memoryOf } from './memory.ts';
import { sealing } from './sealed-texts.ts';
import type { GivenReply } from './sealed-texts.ts';
import { replyOf } from './replies.ts';
import type { Recorded, Taken } from './recorded.ts';
import type { TurnWish } from './turn-wish.ts';

/** What may be answered in place of the guided companion's reply. */
export interface Better {
  readonly reply: GivenReply;
  readonly source: 'model' | 'hand_over';
}

/** A model spoke of a crisis. */
type Crisis = Extract<ModelAnswer, { kind: 'crisis' }>;

/**
 * Looks for a better answer than the guided companion's, which is on record already: a human being
 * where one was asked for, else a model's reply. Whatever goes wrong, the guided companion has
 * answered; throws only where a model spoke of a crisis and nobody can be called.
 */
export async function betterReply(call: Call, wish: TurnWish, recorded: Recorded): Promise<Taken> {
  const better = await betterOrCrisis(call, wish, recorded);
  return 'kind' in better ? alarmForReply(call, recorded, better.screening, better.text) : better;
}

async function betterOrCrisis(
  call: Call,
  wish: TurnWish,
  recorded: Recorded,
): Promise<Taken | Crisis> {
  try {
    const human =
      (await answerConsent(call, wish, recorded)) ?? (await handOver(call, wish, recorded));
    if (human !== null) return await reviseByHuman(call, recorded, human);
    return await withModel(call, wish, recorded);
  } catch (error) {
    const { requestId, log } = { requestId: call.requestId, log: call.deps.log };
    log.warn(
      { requestId, error: safely(error) },
      'the guided companion answers in place of another',
    );
    return withoutModel(call, recorded).catch(() => recorded.taken);
  }
}

async function withModel(call: Call, wish: TurnWish, recorded: Recorded): Promise<Taken | Crisis> {
  const answer = await askModel(call, wish, recorded);
  switch (answer.kind) {
    case 'fit': {
      const { before, taken } = recorded;
      // What the guided companion offered is not on the table: a "yes" to it would mean nothing.
      const { suggestYes } = textsIn(before.language).general;
      const suggestions = taken.reply.suggestions.filter((words) => words !== suggestYes);
      const reply = { ...taken.reply, suggestions, ...answer.reply };
      return revise(call, recorded, { reply, source: 'model' }, restored(before, recorded.after));
    }
    case 'crisis':
      return answer;
    case 'none':
      return answer.wasAsked ? withoutModel(call, recorded) : recorded.taken;
  }
}

/** Nothing came of a model's reply. A cry may have been heard while it was waited for. */
async function withoutModel(call: Call, recorded: Recorded): Promise<Taken> {
  const alertId = await dropPartialReply(call.deps.knex, turnOf(call, recorded));
  return alertId === null ? recorded.taken : reviseAlarmed(call, recorded, alertId);
}

/** What was said was no answer to the guided companion, which stays where it was. */
function reviseByHuman(call: Call, recorded: Recorded, human: HandOver): Promise<Taken> {
  const { before, after, version } = recorded;
  const standing = { ...recorded, version: version + (human.isNoted ? 1 : 0) };
  return revise(call, standing, human, restored(before, after));
}

/** The guided companion led nowhere in this turn: it stays where it was, but knows of it. */
function restored(before: CompanionState, after: CompanionState): CompanionState {
  const { turns, lastTurnAt, mood } = after;
  return { ...before, turns, lastTurnAt, mood };
}

function turnOf(call: Call, { taken }: Recorded) {
  const { personId } = call.principal;
  return { id: taken.turnId, conversationId: taken.conversationId!, personId };
}

/** Puts the better answer on record, unless an alert of the person's has been raised meanwhile. */
async function revise(
  call: Call,
  recorded: Recorded,
  { reply, source }: Better,
  state: CompanionState | null,
): Promise<Taken> {
  const { deps } = call;
  const { taken, version } = recorded;
  const { id: turnId, conversationId, personId } = turnOf(call, recorded);
  const seal = sealing(deps.cipher, deps.knex, conversationId);
  const revision = {
    turnId,
    conversationId,
    personId,
    reply: await seal('reply', reply, turnId),
    source,
    isCrisis: false,
    restoredState: state === null ? null : await seal('state', state),
    seenVersion: version,
  };
  const outcome = await untilWon(() => reviseTurn(deps.knex, revision));
  memoryOf(deps).conversations.delete(conversationId);
  if (outcome.outcome === 'revised') return { ...taken, reply };
  // The request was made twice at once, and the other has the answer.
  if (outcome.outcome === 'gone') return taken;
  return reviseAlarmed(call, recorded, outcome.alertId);
}

async function reviseAlarmed(call: Call, recorded: Recorded, alertId: string): Promise<Taken> {
  const { deps, principal } = call;
  const { taken } = recorded;
  const lines = await helpLines(deps, principal.clinicId);
  const { language } = recorded.before;
  const reply = replyOf(crisisReply(lines, { language, isRepeated: true }), { alertId });
  const { id: turnId, conversationId, personId } = turnOf(call, recorded);
  const seal = sealing(deps.cipher, deps.knex, conversationId);
  await reviseTurn(deps.knex, {
    turnId,
    conversationId,
    personId,
    reply: await seal('reply', reply, turnId),
    source: 'crisis',
    isCrisis: true,
    // As after any reply to a crisis: what the guided companion said in its place was never seen.
    restoredState: await seal('state', recorded.before),
    seenVersion: recorded.version,
  });
  return { ...taken, reply, isCrisis: true };
}
