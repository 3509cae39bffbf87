import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Knex } from 'knex';
import { pino } from 'pino';
import { v7 } from 'uuid';
import { createFieldCipher } from '../../crypto/field-cipher.ts';
import type { KeyRing } from '../../crypto/key-ring.ts';
import { type RoomGrant, issueRoomToken } from '../../crypto/room-tokens.ts';
import { placeRoom } from '../../db/rooms.ts';
import type { RoomPolicy } from '../../domain/room.ts';
import type { MediaHost } from '../../workers/media/host.ts';
import type { Sfu } from '../../workers/media/sfu.ts';
import type { RoomRecorder } from '../../workers/media/signalling/live-recording.ts';
import { type Signalling, startSignalling } from '../../workers/media/signalling/signalling.ts';
import { startTestHost } from './media.ts';

export interface RoomHost {
  readonly url: string;
  readonly host: MediaHost;
  readonly sfu: Sfu;
  readonly mediaPort: number;
  readonly signalling: Signalling;
  close(): Promise<void>;
}

/** A host of rooms with its signalling, in this process. */
export async function startRoomHost(
  knex: Knex,
  keyRing: KeyRing,
  policyOf: (sessionId: string) => RoomPolicy | Promise<RoomPolicy>,
  size: { readonly cores: number; readonly peersPerCore?: number } = { cores: 1 },
  makeRecorder: (host: MediaHost, sfu: Sfu) => RoomRecorder | null = () => null,
): Promise<RoomHost> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://localhost:${port}`;
  const {
    host,
    sfu,
    port: mediaPort,
    close,
  } = await startTestHost(knex, size.cores, url, size.peersPerCore);
  const signalling = startSignalling(server, {
    knex,
    keyRing,
    cipher: createFieldCipher(keyRing),
    log: pino({ level: 'silent' }),
    hostId: host.id,
    openRoom: (placement) => host.openRoom(placement),
    policyOf: async (sessionId) => policyOf(sessionId),
    recorder: makeRecorder(host, sfu),
    corsOrigins: ['*'],
  });
  return {
    url,
    host,
    sfu,
    mediaPort,
    signalling,
    close: async () => {
      await close();
      await signalling.close();
    },
  };
}

export type Guest = Pick<RoomGrant, 'personId' | 'role' | 'displayName' | 'isByCode'>;

/** Gives somebody a seat in a session, which is a group's from then on. */
export async function giveSeat(knex: Knex, sessionId: string, personId: string): Promise<void> {
  const group_terms = JSON.stringify({ capacity: 12, minMembers: 0, decideBeforeStartMs: 0 });
  await knex('sessions').where({ id: sessionId }).update({ client_id: null, group_terms });
  const standing = { state: 'confirmed', status: 'confirmed', payment: 'not_due', due_cents: 0 };
  const seat = { id: v7(), session_id: sessionId, person_id: personId, alias: v7() };
  await knex('enrolments').insert({ ...seat, ...standing });
}

/** What the door's `join` answers: a token for wherever the session's room is now. */
export async function joinRoom(
  knex: Knex,
  keyRing: KeyRing,
  sessionId: string,
  guest: Guest,
): Promise<{ token: string; signalingUrl: string; iceServers: [] }> {
  const { hostId, signalingUrl, epoch } = await placeRoom(knex, sessionId);
  const grant = { ...guest, sessionId, hostId, epoch, mode: 'video' as const };
  return { token: await issueRoomToken(keyRing, grant), signalingUrl, iceServers: [] };
}
