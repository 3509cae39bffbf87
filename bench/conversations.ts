import { type Socket, io } from 'socket.io-client';
import { v7 as newId } from 'uuid';
import type { BenchClinic, BenchPerson } from './clinic.ts';
import type { BenchContext } from './context.ts';

/** A support session with two in it. */
export interface Conversation {
  readonly sessionId: string;
  readonly patient: BenchPerson;
  readonly helper: BenchPerson;
}

/** Live support sessions of a clinic of their own. */
export async function makeConversations(
  { knex }: BenchContext,
  clinic: BenchClinic,
): Promise<Conversation[]> {
  const conversations = clinic.clients.map((patient, index): Conversation => {
    return { sessionId: newId(), patient, helper: clinic.therapists[index]! };
  });
  await knex('support_sessions').insert(
    conversations.map(({ sessionId, patient, helper }) => ({
      id: sessionId,
      clinic_id: clinic.id,
      patient_id: patient.id,
      helper_id: helper.id,
      type: 'counselor_session',
      helper_type: 'counselor',
      severity: 'low',
      status: 'active',
      accepted_at: new Date(),
    })),
  );
  await knex('support_participants').insert(
    conversations.flatMap(({ sessionId, patient, helper }) => [
      { session_id: sessionId, person_id: patient.id, role: 'patient' },
      { session_id: sessionId, person_id: helper.id, role: 'helper' },
    ]),
  );
  return conversations;
}

const ANSWER_WITHIN_MS = 10_000;

/** A socket that has signed in. Rejects when the server refuses it. */
export async function openSocket(url: string, token: string): Promise<Socket> {
  const socket = io(url, {
    auth: { token },
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('authenticated', () => resolve());
    socket.once('connect_error', reject);
  });
  return socket;
}

/** Sends an event and gives what the server acknowledged. Throws for a refusal. */
export async function ask(socket: Socket, event: string, payload: object): Promise<void> {
  const answer: { success?: boolean } = await socket
    .timeout(ANSWER_WITHIN_MS)
    .emitWithAck(event, payload);
  if (answer.success !== true) throw new Error(`${event} was answered ${JSON.stringify(answer)}`);
}
