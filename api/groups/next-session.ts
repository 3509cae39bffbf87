import { v7 as uuidv7 } from 'uuid';
import { isTherapistAway } from '../../db/availability-exceptions.ts';
import { insertGroupSession } from '../../db/group-sessions.ts';
import { knownStarts, lockGroup, upcomingSessions } from '../../db/groups.ts';
import type { Group } from '../../db/models/group.ts';
import { liveSeatIn } from '../../db/seats.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { nextTimes } from '../../domain/group.ts';
import { auditContext } from '../access/audit-context.ts';
import type { Call } from '../http/handler.ts';
import { sessionMaker, startPlanned } from './plan-session.ts';

/** How far ahead a standing time is turned into a session by whoever joins first. */
const WEEKS_AHEAD = 8;

/**
 * The session that somebody who names none means: the one in which they have a seat already, else
 * the next one with a free seat, else the group's next standing time, for which a session is made
 * then. Throws `slot_unavailable` where there is none.
 */
export async function nextSession(call: Call, group: Group): Promise<string> {
  const { knex } = call.deps;
  const free = await nextFree(call, group);
  // Asked after the list: who has just taken the last seat of it finds that seat here.
  const own = await liveSeatIn(knex, group.id, call.principal.personId);
  if (own !== null) return own.sessionId;
  if (free !== null) return free;
  if (group.weekly_times.length === 0) throw noneToJoin();
  const created = await makeStanding(call, group);
  await startPlanned(call, created);
  return created;
}

async function nextFree({ deps }: Call, group: Group): Promise<string | null> {
  const sessions = await upcomingSessions(deps.knex, [group.id]);
  return sessions.find(({ seats, capacity }) => seats < capacity)?.id ?? null;
}

/** Under the group's lock, so that two who join first make one session between them. */
async function makeStanding(call: Call, group: Group): Promise<string> {
  const { deps, principal, requestId } = call;
  const make = await sessionMaker(call, group);
  const now = Date.now();
  const times = nextTimes(
    {
      weeklyTimes: group.weekly_times,
      timeZone: group.time_zone,
      durationMinutes: group.duration_minutes,
    },
    now,
    WEEKS_AHEAD,
  );
  const made = await inTransaction(
    deps.knex,
    auditContext(principal, requestId),
    async (trx, audit) => {
      await lockGroup(trx, group.id);
      const others = await upcomingSessions(trx, [group.id]);
      const free = others.find(({ seats, capacity }) => seats < capacity);
      if (free !== undefined) return free.id;
      const known = await knownStarts(trx, group.id, now);
      // A time that was called off, or at which the therapist is taken or away, is passed over.
      for (const slot of times.filter(({ startMs }) => !known.has(startMs))) {
        if (await isTherapistAway(trx, group.therapist_id, slot)) continue;
        const session = make(uuidv7(), slot);
        if (!(await insertGroupSession(trx, session))) continue;
        audit({
          action: 'session.booked',
          objectType: 'session',
          objectId: session.id,
          changes: { status: session.state.status, groupId: group.id },
        });
        return session.id;
      }
      return null;
    },
  );
  if (made === null) throw noneToJoin();
  return made;
}

function noneToJoin(): HoldfastError {
  return new HoldfastError('slot_unavailable', 'The group has no session with a free seat.');
}
