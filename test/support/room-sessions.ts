import { randomUUID } from 'node:crypto';
import { v7 as newId } from 'uuid';
import type { TestApi, TestPerson } from './api.ts';
import { sessionRow } from './session-row.ts';

const MINUTE_MS = 60_000;
const LENGTH_MS = 50 * MINUTE_MS;

/** Sessions with a room, as rows, of one therapist with one client or a group. */
export interface RoomSessions {
  /** A confirmed session that starts so many minutes from now. */
  session(minutes: number, columns?: Readonly<Record<string, unknown>>): Promise<string>;
  /** The same of a group whose members all have their seat. */
  group(minutes: number, members: readonly TestPerson[]): Promise<string>;
}

export function roomSessions(
  api: TestApi,
  therapist: TestPerson,
  client: TestPerson,
): RoomSessions {
  const session: RoomSessions['session'] = async (minutes, columns = {}) => {
    const startsAt = Date.now() + minutes * MINUTE_MS;
    const row = sessionRow(
      { clinicId: api.clinicId, therapistId: therapist.id, clientId: client.id },
      {
        starts_at: new Date(startsAt),
        ends_at: new Date(startsAt + LENGTH_MS),
        approval: 'not_needed',
        room_code: 'ABCDEFGH2',
        created_by: therapist.id,
        ...columns,
      },
    );
    await api.knex('sessions').insert(row);
    return row.id;
  };
  const group: RoomSessions['group'] = async (minutes, members) => {
    const terms = { capacity: 11, minMembers: 0, decideBeforeStartMs: 0 };
    const id = await session(minutes, {
      client_id: null,
      session_type: 'group',
      group_terms: JSON.stringify(terms),
    });
    await api.knex('enrolments').insert(members.map((member) => seat(id, member)));
    return id;
  };
  return { session, group };
}

function seat(sessionId: string, { id: personId }: TestPerson): object {
  return {
    id: newId(),
    session_id: sessionId,
    person_id: personId,
    state: 'confirmed',
    status: 'confirmed',
    payment: 'not_due',
    due_cents: 0,
    alias: `member_${randomUUID().slice(0, 12)}`,
  };
}
