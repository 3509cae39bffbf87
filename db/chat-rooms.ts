import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import type { FieldCipher } from '../crypto/field-cipher.ts';
import type { SessionStatus } from '../domain/session.ts';
import { broadcastAll } from './broadcasts.ts';
import { type SessionRow, findSession } from './sessions.ts';
import type { RecordAudit } from './transaction.ts';

export type ChatRoomOutcome =
  | { readonly kind: 'opened' | 'known'; readonly chatRoomId: string }
  /** Nobody had a seat in it. */
  | { readonly kind: 'nobody' }
  /** It does not take place. */
  | { readonly kind: 'called_off' };

interface Opening {
  readonly cipher: FieldCipher;
  readonly audit: RecordAudit;
}

type MetSession = Pick<SessionRow, 'id' | 'clinic_id' | 'therapist_id' | 'client_id'>;

const CALLED_OFF: readonly SessionStatus[] = ['cancelled', 'declined', 'expired'];

/**
 * Opens the room in which a session's people write to each other afterwards, once for each session:
 * whoever comes later gets the same one, with those in it who have a seat by then. The therapist
 * leads it, everybody who kept their seat is a member.
 */
export async function openChatRoom(
  trx: Knex.Transaction,
  { cipher, audit }: Opening,
  session: MetSession,
): Promise<ChatRoomOutcome> {
  const { status, known } = await lockRoomOf(trx, session.id);
  if (CALLED_OFF.includes(status)) return { kind: 'called_off' };
  const memberIds = await keptSeats(trx, session);
  if (known !== null) {
    await followSeats(trx, audit, { ...session, chatRoomId: known }, memberIds);
    return { kind: 'known', chatRoomId: known };
  }
  const [first] = memberIds;
  if (first === undefined) return { kind: 'nobody' };
  const chatRoomId = newId();
  await insertRoom(trx, cipher, session, { chatRoomId, patientId: first });
  await trx('support_participants').insert({
    session_id: chatRoomId,
    person_id: session.therapist_id,
    role: 'helper',
  });
  await addMembers(trx, chatRoomId, memberIds);
  await trx('hosted_sessions')
    .where({ session_id: session.id })
    .update({ chat_room_id: chatRoomId });
  await tellOf(trx, { chatRoomId, by: session.therapist_id, from: 'none', to: 'active' }, [
    ...memberIds,
    session.therapist_id,
  ]);
  const target = { objectType: 'support_session', objectId: chatRoomId };
  audit({ action: 'chat_room.open', ...target, changes: { sessionId: session.id } });
  return { kind: 'opened', chatRoomId };
}

/** The room that a session has, if it has one, keeps to those who have a seat in it. */
export async function followChatRoom(
  trx: Knex.Transaction,
  audit: RecordAudit,
  sessionId: string,
): Promise<void> {
  const hosted = await trx('hosted_sessions')
    .where({ session_id: sessionId })
    .first('chat_room_id');
  const chatRoomId: string | null = hosted?.chat_room_id ?? null;
  if (chatRoomId === null) return;
  await lockRoomOf(trx, sessionId);
  const session = (await findSession(trx, sessionId))!;
  await followSeats(trx, audit, { ...session, chatRoomId }, await keptSeats(trx, session));
}

/** Brings a room's members in line with the seats of its session. */
async function followSeats(
  trx: Knex.Transaction,
  audit: RecordAudit,
  { chatRoomId, id: sessionId, therapist_id: by }: MetSession & { readonly chatRoomId: string },
  memberIds: readonly string[],
): Promise<void> {
  const [added, removed] = [
    await addMembers(trx, chatRoomId, memberIds),
    await removeOthers(trx, chatRoomId, memberIds),
  ];
  const target = { objectType: 'support_session', objectId: chatRoomId };
  const changes = { sessionId };
  for (const subjectId of added) {
    audit({ action: 'chat_room.member_added', ...target, subjectId, changes });
  }
  for (const subjectId of removed) {
    audit({ action: 'chat_room.member_removed', ...target, subjectId, changes });
  }
  await tellOf(trx, { chatRoomId, by, from: 'none', to: 'active' }, added);
  await tellOf(trx, { chatRoomId, by, from: 'active', to: 'none' }, removed);
}

async function tellOf(
  trx: Knex.Transaction,
  change: {
    readonly chatRoomId: string;
    readonly by: string;
    readonly from: string;
    readonly to: string;
  },
  personIds: readonly string[],
): Promise<void> {
  const { chatRoomId: sessionId, ...rest } = change;
  await broadcastAll(
    trx,
    personIds.map((id) => ({
      room: `person:${id}` as const,
      event: 'support-session-changed',
      ids: { sessionId, ...rest },
    })),
  );
}

/**
 * The room that the session has; the lock on its row keeps two from opening one each, and the session
 * from being called off meanwhile.
 */
async function lockRoomOf(
  trx: Knex.Transaction,
  sessionId: string,
): Promise<{ readonly status: SessionStatus; readonly known: string | null }> {
  const session = await trx('sessions').where({ id: sessionId }).forShare().first('status');
  await trx.raw('INSERT INTO hosted_sessions (session_id) VALUES (?) ON CONFLICT DO NOTHING', [
    sessionId,
  ]);
  const row = await trx('hosted_sessions')
    .where({ session_id: sessionId })
    .forUpdate()
    .first('chat_room_id');
  return { status: session.status, known: row?.chat_room_id ?? null };
}

async function keptSeats(
  trx: Knex.Transaction,
  session: Pick<SessionRow, 'id' | 'client_id'>,
): Promise<string[]> {
  if (session.client_id !== null) {
    const client = trx('people').where({ id: session.client_id }).whereNull('erased_at');
    return client.whereNotIn('id', removedFrom(trx, session.id)).pluck<string[]>('id');
  }
  const rows = await trx('enrolments')
    .where({ session_id: session.id })
    .whereIn('state', ['confirmed', 'attended', 'absent'])
    .whereNotIn('person_id', removedFrom(trx, session.id))
    .whereExists((known) =>
      known.from('people').whereRaw('people.id = person_id AND erased_at IS NULL'),
    )
    .orderBy(['created_at', 'id'])
    .select('person_id');
  return rows.map(({ person_id }: { person_id: string }) => person_id);
}

/** Whoever the host has shown out of the session's room. */
function removedFrom(trx: Knex.Transaction, sessionId: string): Knex.QueryBuilder {
  return trx('room_removals').where({ session_id: sessionId }).select('person_id');
}

async function insertRoom(
  trx: Knex.Transaction,
  cipher: FieldCipher,
  session: Pick<SessionRow, 'clinic_id' | 'therapist_id'>,
  { chatRoomId, patientId }: { readonly chatRoomId: string; readonly patientId: string },
): Promise<void> {
  const ref = { purpose: 'conversation', objectId: chatRoomId, column: 'details' };
  const texts = { title: 'After your session', description: null, tags: [], preferences: null };
  await trx('support_sessions').insert({
    id: chatRoomId,
    clinic_id: session.clinic_id,
    patient_id: patientId,
    helper_id: session.therapist_id,
    type: 'counselor_session',
    helper_type: 'counselor',
    severity: 'low',
    status: 'active',
    accepted_at: trx.fn.now(),
    is_chat_room: true,
    details: await cipher.sealField(trx, ref, JSON.stringify(texts)),
  });
}

/** Resolves to whom it lets in: not to those who were members. */
async function addMembers(
  trx: Knex.Transaction,
  chatRoomId: string,
  personIds: readonly string[],
): Promise<string[]> {
  const { rows } = await trx.raw<{ rows: { person_id: string }[] }>(
    `INSERT INTO support_participants AS member (session_id, person_id, role)
     SELECT :chatRoomId, person_id, 'member'
     FROM unnest(CAST(:personIds AS uuid[])) AS person_id ORDER BY person_id
     ON CONFLICT (session_id, person_id) DO UPDATE SET left_at = NULL, last_seen_at = now()
       WHERE member.role = 'member' AND member.left_at IS NOT NULL
     RETURNING person_id`,
    { chatRoomId, personIds },
  );
  return rows.map(({ person_id }) => person_id);
}

async function removeOthers(
  trx: Knex.Transaction,
  chatRoomId: string,
  personIds: readonly string[],
): Promise<string[]> {
  const { rows } = await trx.raw<{ rows: { person_id: string }[] }>(
    `UPDATE support_participants SET left_at = now()
     WHERE session_id = :chatRoomId AND role = 'member' AND left_at IS NULL
       AND person_id <> ALL (CAST(:personIds AS uuid[]))
     RETURNING person_id`,
    { chatRoomId, personIds },
  );
  return rows.map(({ person_id }) => person_id);
}
