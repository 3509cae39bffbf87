import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import type { FieldCipher } from '../crypto/field-cipher.ts';
import { broadcastAll } from './broadcasts.ts';
import type { SessionRow } from './sessions.ts';

export type ChatRoomOutcome =
  | { readonly kind: 'opened' | 'known'; readonly chatRoomId: string }
  /** Nobody had a seat in it. */
  | { readonly kind: 'nobody' };

/**
 * Opens the room in which a session's people write to each other afterwards, once for each session:
 * whoever comes later gets the same one. The therapist leads it, everybody who kept their seat
 * is a member.
 */
export async function openChatRoom(
  trx: Knex.Transaction,
  cipher: FieldCipher,
  session: Pick<SessionRow, 'id' | 'clinic_id' | 'therapist_id' | 'client_id'>,
): Promise<ChatRoomOutcome> {
  const known = await lockRoomOf(trx, session.id);
  if (known !== null) return { kind: 'known', chatRoomId: known };
  const memberIds = await keptSeats(trx, session);
  const [first] = memberIds;
  if (first === undefined) return { kind: 'nobody' };
  const chatRoomId = newId();
  await insertRoom(trx, cipher, session, { chatRoomId, patientId: first });
  await insertParticipants(trx, chatRoomId, session.therapist_id, memberIds);
  await trx('hosted_sessions')
    .where({ session_id: session.id })
    .update({ chat_room_id: chatRoomId });
  const ids = { sessionId: chatRoomId, from: 'none', to: 'active', by: session.therapist_id };
  await broadcastAll(
    trx,
    [...memberIds, session.therapist_id].map((id) => ({
      room: `person:${id}` as const,
      event: 'support-session-changed',
      ids,
    })),
  );
  return { kind: 'opened', chatRoomId };
}

/** The room that the session has; the lock on its row keeps two from opening one each. */
async function lockRoomOf(trx: Knex.Transaction, sessionId: string): Promise<string | null> {
  await trx.raw('INSERT INTO hosted_sessions (session_id) VALUES (?) ON CONFLICT DO NOTHING', [
    sessionId,
  ]);
  const row = await trx('hosted_sessions')
    .where({ session_id: sessionId })
    .forUpdate()
    .first('chat_room_id');
  return row?.chat_room_id ?? null;
}

async function keptSeats(
  trx: Knex.Transaction,
  session: Pick<SessionRow, 'id' | 'client_id'>,
): Promise<string[]> {
  if (session.client_id !== null) return [session.client_id];
  const rows = await trx('enrolments')
    .where({ session_id: session.id })
    .whereIn('state', ['confirmed', 'attended', 'absent'])
    .whereExists((known) =>
      known.from('people').whereRaw('people.id = person_id AND erased_at IS NULL'),
    )
    .orderBy(['created_at', 'id'])
    .select('person_id');
  return rows.map(({ person_id }: { person_id: string }) => person_id);
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

async function insertParticipants(
  trx: Knex.Transaction,
  chatRoomId: string,
  helperId: string,
  memberIds: readonly string[],
): Promise<void> {
  await trx('support_participants').insert([
    { session_id: chatRoomId, person_id: helperId, role: 'helper' },
    ...memberIds.map((id) => ({ session_id: chatRoomId, person_id: id, role: 'member' })),
  ]);
}
