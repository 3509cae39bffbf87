import type { Knex } from 'knex';
import { toInsert } from '../../db/audit/entry.ts';
import type { AuditInsert } from '../../db/audit/entry.ts';
import { insertTurn } from '../../db/companion.ts';
import type { NewTurn, Opening, ReplySource, TurnOutcome } from '../../db/companion.ts';
import type { RaisedAlert } from '../../db/crisis-intake.ts';
import { inTransaction, untilWon } from '../../db/transaction.ts';
import type { CompanionState } from '../../domain/companion/types.ts';
import type { Alarming, Screening } from '../../domain/triage/screen.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Call } from '../http/handler.ts';
import { recordReport, startAlert } from '../crisis/intake.ts';
import { type Place } from './conversation.ts';
import { type GivenReply, sealing } from './sealed-texts.ts';
import type { TurnWish } from './turn-wish.ts';

/** One turn on its way. */
export interface Taking {
  readonly call: Call;
  readonly wish: TurnWish;
  /** All that the person wrote, for the alert's record. */
  readonly words: string;
  /** Its words alone are a cry for help. */
  readonly isUrgent: boolean;
}

export interface Placed extends Taking {
  readonly place: Place;
  readonly screening: Screening;
}

export interface Draft {
  readonly reply: GivenReply;
  readonly source: ReplySource;
  /** The guided companion's state after the turn; null leaves it. */
  readonly state: CompanionState | null;
}

/** Where the conversation is, or will be. */
export function conversationIdOf({ place, call }: Placed): string {
  return place.kind === 'known' ? place.known.conversation.id : call.newId;
}

/** The support session that the conversation belongs to, if any. */
export function sessionOf({ place }: Placed): string | null {
  if (place.kind === 'new') return place.sessionId;
  return place.known.conversation.handedOverTo ?? place.known.conversation.sessionId;
}

/** The language that the conversation is held in, as far as it is known. */
export function languageOf({ wish, place }: Placed): { readonly language?: string } {
  const language =
    (place.kind === 'known' ? place.known.state?.language : null) ?? wish.details.language;
  return language === null || language === undefined ? {} : { language };
}

/** Puts a turn without any danger in it on record, with its reply. */
export async function recordTurn(placed: Placed, draft: Draft): Promise<TurnOutcome> {
  const { knex } = placed.call.deps;
  const turn = await sealTurn(placed, draft, knex);
  return untilWon(() => insertTurn(knex, turn, auditOf(placed)));
}

export interface RecordedAlarm {
  readonly outcome: TurnOutcome;
  readonly raised: RaisedAlert | null;
  readonly reply: GivenReply;
}

/**
 * Puts a turn with a cry for help on record together with its alert: both, or neither. The alert's
 * workflow starts with the commit, or through the outbox. `raised` is null where the turn was not
 * taken, and then there is no alert either.
 */
export async function recordAlarm(
  placed: Placed,
  { severity, type }: Alarming,
  compose: (raised: RaisedAlert) => GivenReply,
): Promise<RecordedAlarm> {
  const { call } = placed;
  const { deps, principal, requestId, newId } = call;
  const { personId, clinicId } = principal;
  const context = auditContext(principal, requestId);
  try {
    const recorded = await inTransaction(deps.crisisKnex, context, async (trx, audit) => {
      const raised = await recordReport(deps.cipher, trx, audit, {
        clinicId,
        personId,
        severity,
        type,
        source: 'companion',
        sessionId: sessionOf(placed),
        messageId: newId,
        reportedBy: personId,
        words: placed.words,
      });
      const reply = compose(raised);
      const turn = await sealTurn(placed, { reply, source: 'crisis', state: null }, trx);
      const outcome = await insertTurn(trx, turn, auditOf(placed));
      // The alert goes back with the transaction: it is another's, or the caller raises one alone.
      if (outcome.outcome !== 'taken') throw new NotTaken(outcome, reply);
      return { outcome, raised, reply };
    });
    void startAlert(deps, recorded.raised);
    return recorded;
  } catch (error) {
    if (error instanceof NotTaken)
      return { outcome: error.outcome, raised: null, reply: error.reply };
    throw error;
  }
}

class NotTaken extends Error {
  readonly outcome: TurnOutcome;
  readonly reply: GivenReply;

  constructor(outcome: TurnOutcome, reply: GivenReply) {
    super('not taken');
    this.outcome = outcome;
    this.reply = reply;
  }
}

async function sealTurn(placed: Placed, draft: Draft, db: Knex): Promise<NewTurn> {
  const { call, wish, place } = placed;
  const id = call.newId;
  const conversationId = conversationIdOf(placed);
  const seal = sealing(call.deps.cipher, db, conversationId);
  const isCrisis = draft.source === 'crisis';
  return {
    id,
    conversationId,
    personId: call.principal.personId,
    words: wish.text === null ? null : await seal('words', { text: wish.text }, id),
    reply: await seal('reply', draft.reply, id),
    source: draft.source,
    isCrisis,
    state: draft.state === null ? null : await seal('state', draft.state),
    // The reply to a crisis is the same whatever came between.
    seenVersion: isCrisis || place.kind === 'new' ? null : place.known.conversation.version,
    opening: place.kind === 'new' ? await openingOf(placed, place, seal) : null,
  };
}

async function openingOf(
  { call, wish }: Placed,
  { sessionId, clientName }: Extract<Place, { kind: 'new' }>,
  seal: ReturnType<typeof sealing>,
): Promise<Opening> {
  const { clinicId, isAnonymous } = call.principal;
  return {
    clinicId,
    isAnonymous: wish.isAnonymous ?? isAnonymous,
    sessionId,
    clientName: clientName ?? null,
    details: await seal('details', wish.details),
  };
}

function auditOf(placed: Placed): AuditInsert {
  const { principal, requestId, newId } = placed.call;
  return toInsert(auditContext(principal, requestId), {
    action: 'companion_conversation.turn',
    objectType: 'companion_conversation',
    objectId: conversationIdOf(placed),
    subjectId: principal.personId,
    changes: { turnId: newId },
  });
}
