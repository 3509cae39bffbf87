import { randomUUID } from 'node:crypto';
import type { RoomCommand } from '../../../domain/room.ts';
import * as channel from './chat-channel.ts';
import { type EventCall, type RoomEventDefinition, define } from './event.ts';
import { LIMITS } from './limits.ts';
import * as media from './media-events.ts';
import { openMedia } from './open-media.ts';
import { SOURCES } from './peer.ts';
import type { Words } from './room-chat.ts';
import { dtlsParameters, rtpCapabilities, rtpParameters } from './rtp-shapes.ts';
import { type Shape, flag, integer, list, object, oneOf, optional, orNull, text } from './shape.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const id = text(36, UUID, 36);
const nothing = (() => ({})) as Shape<object>;
const person = object({ personId: id });
const aTransport = object({ transportId: id });
const aProducer = object({ producerId: id });
const aConsumer = object({ consumerId: id });
const words = text(LIMITS.chatLength);
const MAX_BREAKOUTS = 20;
const MAX_BREAKOUT_MINUTES = 240;
const MINUTE_MS = 60_000;

/**
 * Everything that a client can ask of a room, each with the shape of what it sends. The answer comes
 * in the acknowledgement: `{ success: true, ... }` or `{ success: false, error, message }`.
 */
export const ROOM_EVENTS: ReadonlyMap<string, RoomEventDefinition> = new Map(
  Object.entries({
    // Media: what can be sent and received, and how.
    'open-media': define(object({ rtpCapabilities }), openMedia),
    'get-rtp-capabilities': define(nothing, media.getRtpCapabilities),
    'set-rtp-capabilities': define(object({ rtpCapabilities }), media.setCapabilities),
    'create-transport': define(nothing, media.createTransport),
    'connect-transport': define(
      object({ transportId: id, dtlsParameters }),
      media.connectTransport,
    ),
    'restart-ice': define(aTransport, media.restartIce),
    produce: define(
      object({
        transportId: id,
        kind: oneOf('audio', 'video'),
        source: oneOf(...SOURCES),
        rtpParameters,
        paused: optional(flag),
      }),
      media.produce,
    ),
    'pause-producer': define(aProducer, media.pauseProducer),
    'resume-producer': define(aProducer, media.resumeProducer),
    'close-producer': define(aProducer, media.closeProducer),
    consume: define(object({ transportId: id, producerId: id }), media.consume),
    'resume-consumer': define(aConsumer, media.resumeConsumer),
    'pause-consumer': define(aConsumer, media.pauseConsumer),
    'set-preferred-layers': define(
      object({
        consumerId: id,
        spatialLayer: integer(0, 2),
        temporalLayer: optional(integer(0, 2)),
      }),
      media.setPreferredLayers,
    ),
    // What is written: over a data channel where there is one, else as `chat`.
    'produce-data': define(
      object({ transportId: id, sctpStreamParameters: object({ streamId: integer(0, 65_535) }) }),
      channel.produceData,
    ),
    'consume-data': define(aTransport, channel.consumeData),
    'use-chat-channel': define(object({ isOpen: flag }), channel.useChannel),
    chat: define(object({ text: words, messageId: optional(id) }), write),
    'chat-history': define(nothing, ({ room, peer }) => room.chat.historyFor(peer.personId)),
    // People.
    leave: define(nothing, leave),
    // Hosts and co-hosts.
    admit: define(person, command('admit')),
    deny: define(person, command('deny')),
    remove: define(person, command('remove')),
    mute: define(object({ personId: id, kind: optional(oneOf('audio', 'video')) }), mute),
    lock: define(object({ isLocked: flag }), ({ payload, ...call }) =>
      decided(call, { type: 'lock', by: call.peer.personId, ...payload }),
    ),
    promote: define(
      object({ personId: id, role: oneOf('co_host', 'participant', 'observer') }),
      ({ payload, ...call }) =>
        decided(call, { type: 'promote', by: call.peer.personId, ...payload }),
    ),
    'create-breakouts': define(
      object({
        rooms: list(object({ name: text(80), personIds: list(id, 0, 100) }), 1, MAX_BREAKOUTS),
        durationMinutes: optional(integer(1, MAX_BREAKOUT_MINUTES)),
      }),
      createBreakouts,
    ),
    'assign-breakout': define(
      object({ personId: id, breakoutId: orNull(id) }),
      ({ payload, ...call }) =>
        decided(call, { type: 'assign_breakout', by: call.peer.personId, ...payload }),
    ),
    broadcast: define(object({ text: words }), ({ payload, ...call }) =>
      decided(call, { type: 'broadcast', by: call.peer.personId, ...payload }),
    ),
    // Recording: hosts want it, everybody has to agree.
    'start-recording': define(nothing, recording('start')),
    'stop-recording': define(nothing, recording('stop')),
    'consent-to-recording': define(object({ consents: flag }), async ({ payload, ...call }) => {
      await call.room.recording.say(call.peer.personId, payload.consents);
      return { room: call.room.view(call.peer.personId) };
    }),
    'close-breakouts': define(nothing, (call) =>
      decided(call, { type: 'close_breakouts', by: call.peer.personId }),
    ),
    end: define(nothing, (call) => decided(call, { type: 'end', by: call.peer.personId })),
    panic: define(object({ about: orNull(id) }), async ({ payload, room, peer }) => {
      room.act({ type: 'panic', by: peer.personId, ...payload });
      return { isHeard: await room.isCallHeard() };
    }),
  }),
);

type Acting = Pick<EventCall<unknown>, 'room' | 'peer'>;

/** Runs a command through the rules; the answer shows the room as it is now. */
function decided({ room, peer }: Acting, command: RoomCommand): object {
  room.act(command);
  return { room: room.view(peer.personId) };
}

function recording(type: 'start' | 'stop') {
  return async ({ room, peer: { personId } }: EventCall<object>): Promise<object> => {
    await room.recording.act({ type, by: personId });
    return { room: room.view(personId) };
  };
}

function command(type: 'admit' | 'deny' | 'remove') {
  return ({ room, peer, payload }: EventCall<{ personId: string }>): object =>
    decided({ room, peer }, { type, by: peer.personId, personId: payload.personId });
}

function mute({
  room,
  peer,
  payload: { personId, kind = 'audio' },
}: EventCall<{ personId: string; kind?: 'audio' | 'video' }>): object {
  return decided({ room, peer }, { type: 'ask_mute', by: peer.personId, personId, kind });
}

function createBreakouts({
  room,
  peer,
  payload: { rooms, durationMinutes },
}: EventCall<{
  rooms: { name: string; personIds: string[] }[];
  durationMinutes?: number;
}>): object {
  return decided(
    { room, peer },
    {
      type: 'create_breakouts',
      by: peer.personId,
      rooms: rooms.map((each) => ({ ...each, id: randomUUID() })),
      durationMs: durationMinutes === undefined ? null : durationMinutes * MINUTE_MS,
    },
  );
}

/** Words to those around: the room, or the breakout that one is in. */
function write({ room, peer, payload }: EventCall<Words>): object {
  return room.chat.write(peer.personId, payload);
}

function leave({ room, peer }: EventCall<unknown>): object {
  // The answer goes out before the connection ends.
  setImmediate(() => {
    room.remove(peer, true);
    peer.socket.disconnect(true);
  });
  return {};
}
