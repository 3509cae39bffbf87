import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import { v7 as uuidv7 } from 'uuid';
import type { TestApi, TestPerson } from '../../support/api.ts';
import type { Node } from './nodes.ts';

type Payload = Record<string, unknown>;

/** A client of one process, and all that it hears, in order. */
export interface Client {
  readonly socket: Socket;
  readonly heard: [event: string, payload: Payload][];
  /** What it has heard of one event so far. */
  of(event: string): Payload[];
  /** The first of an event that `fits`, heard already or still to come. */
  next(event: string, fits?: (payload: Payload) => boolean): Promise<Payload>;
  ask(event: string, payload?: unknown): Promise<Payload>;
}

const open: Socket[] = [];

export function closeClients(): void {
  for (const socket of open.splice(0)) socket.disconnect();
}

export function openClient(
  node: Pick<Node, 'url'>,
  token?: string,
  transport: 'websocket' | 'polling' = 'websocket',
): Client {
  const auth = token === undefined ? {} : { token };
  const options = { auth, transports: [transport], reconnection: false, forceNew: true };
  const socket = io(node.url, options);
  open.push(socket);
  return follow(socket);
}

export function follow(socket: Socket): Client {
  const heard: [string, Payload][] = [];
  const waiting = new Set<() => void>();
  socket.onAny((event: string, payload: Payload) => {
    heard.push([event, payload]);
    for (const look of waiting) look();
  });
  const of = (event: string): Payload[] =>
    heard.filter(([name]) => name === event).map(([, payload]) => payload);
  return {
    socket,
    heard,
    of,
    next: (event, fits = () => true) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = of(event).find(fits);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    ask: (event, payload) => socket.emitWithAck(event, payload),
  };
}

export async function signedIn(
  node: Pick<Node, 'url'>,
  person: TestPerson,
  transport: 'websocket' | 'polling' = 'websocket',
): Promise<Client> {
  const client = openClient(node, person.token, transport);
  await client.next('authenticated');
  return client;
}

/** An active support session, put straight into the database. */
export async function insertSupport(
  api: TestApi,
  patient: TestPerson,
  helper: TestPerson | null,
  { isAnonymous = false } = {},
): Promise<string> {
  const id = uuidv7();
  await api.knex('support_sessions').insert({
    id,
    clinic_id: patient.clinicId,
    patient_id: patient.id,
    helper_id: helper?.id ?? null,
    type: 'peer_support',
    helper_type: 'peer',
    severity: 'low',
    status: helper === null ? 'waiting' : 'active',
    is_anonymous: isAnonymous,
  });
  const people = [
    { person_id: patient.id, role: 'patient' },
    ...(helper === null ? [] : [{ person_id: helper.id, role: 'helper' }]),
  ];
  await api.knex('support_participants').insert(people.map((one) => ({ ...one, session_id: id })));
  return id;
}
