import type { Knex } from 'knex';
import type { NewSession } from '../../db/bookings.ts';
import { type Hold, confirmHold, findHoldById } from '../../db/holds.ts';
import type { SessionRow } from '../../db/sessions.ts';
import type { RecordAudit } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { decide } from '../../domain/session.ts';
import * as messages from '../../workflows/messages/session.ts';
import type { Call } from '../http/handler.ts';
import { actorOf } from './acts.ts';
import { sealDetails } from './compose-booking.ts';
import { bookOrRefuse, composeBookable, startAll } from './hold.ts';
import { refuseOccurrences } from './hold-refusals.ts';
import type { HoldWish } from './hold-wish.ts';
import { askSession } from './messages.ts';

export interface Confirmation {
  readonly hold: Hold;
  /** Times beyond those of the hold; they are booked with it, or nothing is. */
  readonly further: HoldWish | null;
  /** What was typed now, for sessions that have no text yet. */
  readonly details: object | null;
}

/**
 * Turns a hold into sessions. One row of the database decides, by its clock, whether that was in
 * time, for all of the sessions at once; their workflows follow it, also where the caller is gone.
 * Sent again, it changes nothing and answers the same. Throws `slot_unavailable` when the hold
 * has run out.
 */
export async function confirmHeld(
  call: Call,
  { hold, further, details }: Confirmation,
): Promise<readonly SessionRow[]> {
  const now = Date.now();
  const added = further === null ? [] : await submitted(call, further, hold, now);
  await settle(call, hold, further, added, details, now);
  const current = (await findHoldById(call.deps.knex, hold.id))!;
  const fresh = current.sessions.filter(({ status }) => status !== 'held');
  await startAll(
    call.deps,
    fresh.filter((session) => session.workflow_started_at === null),
  );
  await Promise.all(
    current.sessions
      .filter(({ status }) => status === 'held')
      .map((session) =>
        askSession(
          call.deps,
          session,
          messages.confirmUpdate,
          { actor: actorOf(call, session) },
          call.newId,
        ),
      ),
  );
  const { sessions } = (await findHoldById(call.deps.knex, hold.id))!;
  const lost = sessions.filter(({ status }) => status === 'expired').map(({ id }) => id);
  if (lost.length > 0) throw lostHold(hold, new Set(lost));
  return sessions;
}

/** Further sessions need no hold of their own: what they wait for comes next at once. */
async function submitted(
  call: Call,
  wish: HoldWish,
  hold: Hold,
  now: number,
): Promise<NewSession[]> {
  const sessions = await composeBookable(call, wish, now);
  return sessions.map((session) => {
    const decision = decide(session.state, { type: 'submit' }, now);
    const state = decision.kind === 'moved' ? decision.state : session.state;
    return { ...session, state, placing: { ...session.placing!, holdId: hold.id } };
  });
}

async function settle(
  call: Call,
  hold: Hold,
  further: HoldWish | null,
  added: readonly NewSession[],
  details: object | null,
  now: number,
): Promise<void> {
  if (hold.standing === 'confirmed' && further === null) return;
  if (hold.standing === 'confirmed') {
    throw new HoldfastError('wrong_state', 'The hold was confirmed before, without these times.');
  }
  const texts = await sealedTexts(call, hold, details);
  const alongside = async (trx: Knex.Transaction, audit: RecordAudit): Promise<void> => {
    const lost = await confirmHold(trx, hold);
    if (lost.length > 0) throw lostHold(hold, new Set(lost));
    for (const [id, text] of texts) {
      await trx('sessions').where({ id }).whereNull('details').update({ details: text });
    }
    audit({
      action: 'hold.confirmed',
      objectType: 'hold',
      objectId: hold.id,
      subjectId: hold.sessions[0]?.client_id ?? null,
      changes: { sessions: hold.sessions.length + added.length },
    });
  };
  await bookOrRefuse(call, further ?? wishOf(hold), now, { sessions: added, alongside });
}

async function sealedTexts(
  call: Call,
  hold: Hold,
  details: object | null,
): Promise<readonly (readonly [string, Buffer | null])[]> {
  if (details === null) return [];
  const bare = hold.sessions.filter((session) => session.details === null);
  return Promise.all(
    bare.map(async ({ id }) => [id, await sealDetails(call, id, details)] as const),
  );
}

function lostHold(hold: Hold, lost: ReadonlySet<string>): HoldfastError {
  const slotOf = (session: SessionRow): { startMs: number; endMs: number } => ({
    startMs: session.starts_at.getTime(),
    endMs: session.ends_at.getTime(),
  });
  if (hold.sessions.length > 1) {
    return refuseOccurrences(
      hold.sessions.map(slotOf),
      hold.sessions
        .filter(({ id }) => lost.has(id))
        .map((session) => ({ slot: slotOf(session), code: 'slot_unavailable' })),
    );
  }
  return new HoldfastError('slot_unavailable', 'The hold has run out; hold the time again.');
}

/** What a hold stands for, as a wish: only its zone and times are asked for here. */
function wishOf({ sessions }: Hold): HoldWish {
  const [first] = sessions as readonly [SessionRow, ...SessionRow[]];
  return {
    therapistId: first.therapist_id,
    clientId: first.client_id ?? '',
    slots: [],
    sessionType: first.session_type,
    format: first.format,
    service: null,
    locationId: first.location_id,
    timeZone: first.time_zone,
    details: null,
    requiresRelationship: false,
  };
}
