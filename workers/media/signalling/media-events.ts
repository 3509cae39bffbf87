import type { types } from 'mediasoup';
import { mayConsume, mayProduce } from '../../../domain/room-reach.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import type { EventCall } from './event.ts';
import { LIMITS } from './limits.ts';
import type { LiveProducer } from './live-flow.ts';
import type { LiveRoom } from './live-room.ts';
import type { MediaSeat } from './media-room.ts';
import { type PeerConsumer, type Source, sourceOf } from './peer.ts';
import { letFlow } from './stage.ts';

/**
 * A connection sends and receives on one seat, which it takes with its first transport. One that could
 * not be had is asked for again.
 */
export function seatOf({ room, peer }: EventCall<unknown>): Promise<MediaSeat> {
  if (peer.seat !== null) return peer.seat;
  const seat = room.media.takeSeat();
  peer.seat = seat;
  seat.catch(() => {
    if (peer.seat === seat) peer.seat = null;
  });
  return seat;
}

/** What the browser sends has been checked; what mediasoup still refuses is the browser's fault, too. */
export async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HoldfastError) throw error;
    throw new HoldfastError(
      'malformed_request',
      'The media can not be set up like this',
      {},
      error,
    );
  }
}

export async function getRtpCapabilities(call: EventCall<unknown>): Promise<object> {
  const { router } = await seatOf(call);
  return { rtpCapabilities: router.rtpCapabilities };
}

export interface TransportTerms {
  readonly transportId: string;
  readonly iceParameters: types.IceParameters;
  readonly iceCandidates: types.IceCandidate[];
  readonly dtlsParameters: types.DtlsParameters;
  readonly sctpParameters: types.SctpParameters | undefined;
}

export async function createTransport(call: EventCall<unknown>): Promise<TransportTerms> {
  const { peer, room } = call;
  // Who waits receives nothing, so needs nothing to receive it with.
  if (room.state.occupants[peer.personId]?.place !== 'inside') {
    throw new HoldfastError('forbidden', 'Nobody has let you in yet');
  }
  return peer.within('transports', async () => {
    const { router, webRtcServer } = await seatOf(call);
    const transport = await router.createWebRtcTransport({
      webRtcServer,
      preferUdp: true,
      iceConsentTimeout: 20,
      initialAvailableOutgoingBitrate: 600_000,
      enableSctp: true,
      maxReceiveMessageSize: LIMITS.channelBytes,
      maxSendMessageSize: LIMITS.channelBytes,
      sctpSendBufferSize: LIMITS.channelBufferBytes,
      sctpPerStreamSendQueueLimit: LIMITS.channelBufferBytes,
      sctpMaxReceiverWindowBufferSize: LIMITS.channelBufferBytes,
    });
    if (!isStillHere(call)) {
      transport.close();
      throw new HoldfastError('wrong_state', 'The connection has ended');
    }
    peer.transports.set(transport.id, transport);
    transport.observer.once('close', () => peer.transports.delete(transport.id));
    // The media worker does one thing after the other: this comes before anything that a client can ask.
    transport.setMaxIncomingBitrate(LIMITS.incomingBitrate).catch(() => transport.close());
    const { id, iceParameters, iceCandidates, dtlsParameters, sctpParameters } = transport;
    return { transportId: id, iceParameters, iceCandidates, dtlsParameters, sctpParameters };
  });
}

function isStillHere({ room, peer }: EventCall<unknown>): boolean {
  return !room.isOver && room.peers.get(peer.id) === peer;
}

export async function connectTransport({
  peer,
  payload,
}: EventCall<{ transportId: string; dtlsParameters: types.DtlsParameters }>): Promise<object> {
  const transport = peer.transport(payload.transportId);
  await refusing(() => transport.connect({ dtlsParameters: payload.dtlsParameters }));
  return {};
}

export async function restartIce({
  peer,
  payload,
}: EventCall<{ transportId: string }>): Promise<object> {
  const iceParameters = await peer.transport(payload.transportId).restartIce();
  return { iceParameters };
}

export interface ProduceRequest {
  transportId: string;
  kind: types.MediaKind;
  source: Source;
  rtpParameters: types.RtpParameters;
  paused?: boolean;
}

const KINDS: Readonly<Record<Source, types.MediaKind>> = {
  microphone: 'audio',
  'screen-audio': 'audio',
  camera: 'video',
  screen: 'video',
};

export async function produce(call: EventCall<ProduceRequest>): Promise<object> {
  const { room, peer, payload } = call;
  const { transportId, kind, source, rtpParameters, paused = false } = payload;
  if (KINDS[source] !== kind)
    throw new HoldfastError('malformed_request', 'kind and source differ');
  const assertAllowed = (): void => {
    if (isStillHere(call) && mayProduce(room.state, peer.personId, kind)) return;
    throw new HoldfastError('forbidden', 'You may not send this here');
  };
  assertAllowed();
  const transport = peer.transport(transportId);
  return peer.within('producers', async () => {
    const options = { kind, rtpParameters, paused, appData: { source }, keyFrameRequestDelay: 500 };
    const producer = await refusing(() => transport.produce(options));
    try {
      assertAllowed();
    } catch (refusal) {
      producer.close();
      throw refusal;
    }
    await announce(room, { producer, peer });
    return { producerId: producer.id };
  });
}

/** A person has one microphone and one camera, in whichever tab they switched it on last. */
async function announce(room: LiveRoom, live: LiveProducer): Promise<void> {
  const { producer, peer } = live;
  for (const other of room.flow.producers.values()) {
    const isSame = other.peer.personId === peer.personId;
    if (isSame && sourceOf(other.producer) === sourceOf(producer)) {
      other.peer.socket.emit('producer-replaced', { producerId: other.producer.id });
      other.producer.close();
    }
  }
  room.flow.producers.set(producer.id, live);
  peer.producers.set(producer.id, producer);
  producer.observer.once('close', () => {
    room.flow.producers.delete(producer.id);
    peer.producers.delete(producer.id);
    room.syncAll();
  });
  room.syncAll();
  await room.flow.listen(live);
}

export async function setCapabilities({
  room,
  peer,
  payload,
}: EventCall<{ rtpCapabilities: types.RtpCapabilities }>): Promise<object> {
  peer.capabilities = payload.rtpCapabilities;
  room.flow.sync(peer);
  return {};
}

export async function consume(
  call: EventCall<{ transportId: string; producerId: string }>,
): Promise<ConsumerTerms> {
  return consumed(call, false);
}

export interface ConsumerTerms {
  readonly consumerId: string;
  readonly producerId: string;
  readonly kind: types.MediaKind;
  readonly rtpParameters: types.RtpParameters;
  readonly producerPaused: boolean;
  readonly type: types.ConsumerType;
}

/** Makes a consumer. One that is wanted flows as soon as its transport is connected. */
export async function consumed(
  call: EventCall<{ transportId: string; producerId: string }>,
  isWanted: boolean,
): Promise<ConsumerTerms> {
  const { room, peer, payload } = call;
  const live = room.flow.producers.get(payload.producerId);
  const allowed = (): LiveProducer => {
    const isAllowed =
      isStillHere(call) &&
      live !== undefined &&
      !live.producer.closed &&
      mayConsume(room.state, peer.personId, live.peer.personId);
    // Whether there is something that one may not hear is nobody's business.
    if (isAllowed) return live;
    throw new HoldfastError('not_found', 'There is no such producer');
  };
  const { producer, peer: sender } = allowed();
  const transport = peer.transport(payload.transportId);
  const rtpCapabilities = peer.capabilities;
  if (rtpCapabilities === null)
    throw new HoldfastError('wrong_state', 'Tell your capabilities first');
  return peer.within('consumers', async () => {
    const [from, to] = [await sender.seat, await seatOf(call)];
    if (from !== null) await room.media.reach(producer, from, to);
    allowed();
    const options = { producerId: producer.id, rtpCapabilities, paused: !isWanted };
    const consumer = await refusing(() => transport.consume(options));
    try {
      allowed();
    } catch (refusal) {
      consumer.close();
      throw refusal;
    }
    keep(call, live!, consumer, isWanted);
    return {
      consumerId: consumer.id,
      producerId: producer.id,
      kind: consumer.kind,
      rtpParameters: consumer.rtpParameters,
      producerPaused: consumer.producerPaused,
      type: consumer.type,
    };
  });
}

function keep(
  { room, peer }: EventCall<unknown>,
  live: LiveProducer,
  consumer: types.Consumer,
  isWanted: boolean,
): void {
  const { id: consumerId, producerId } = consumer;
  const { personId } = live.peer;
  const source = sourceOf(live.producer);
  peer.consumers.set(consumerId, { consumer, personId, source, isWanted, isShown: true });
  consumer.observer.once('close', () => {
    peer.consumers.delete(consumerId);
    room.flow.stage.arrange(peer);
    peer.socket.emit('consumer-closed', { consumerId, producerId });
  });
  room.flow.stage.arrange(peer);
  consumer.on('producerpause', () => peer.socket.emit('producer-paused', { producerId }));
  consumer.on('producerresume', () => peer.socket.emit('producer-resumed', { producerId }));
  consumer.on('layerschange', (layers) => {
    const { spatialLayer = null, temporalLayer = null } = layers ?? {};
    peer.socket.emit('layers', { consumerId, spatialLayer, temporalLayer });
  });
}

export async function resumeConsumer({
  peer,
  payload,
}: EventCall<{ consumerId: string }>): Promise<object> {
  return setWanted(peer.received(payload.consumerId), true);
}

export async function pauseConsumer({
  peer,
  payload,
}: EventCall<{ consumerId: string }>): Promise<object> {
  return setWanted(peer.received(payload.consumerId), false);
}

async function setWanted(received: PeerConsumer, isWanted: boolean): Promise<object> {
  received.isWanted = isWanted;
  await letFlow(received);
  return {};
}

export async function setPreferredLayers({
  peer,
  payload,
}: EventCall<{
  consumerId: string;
  spatialLayer: number;
  temporalLayer?: number;
}>): Promise<object> {
  const { consumerId, ...layers } = payload;
  const consumer = peer.consumer(consumerId);
  await refusing(() => consumer.setPreferredLayers(layers));
  return {};
}

export async function pauseProducer({
  peer,
  payload,
}: EventCall<{ producerId: string }>): Promise<object> {
  await peer.producer(payload.producerId).pause();
  return {};
}

export async function resumeProducer({
  peer,
  payload,
}: EventCall<{ producerId: string }>): Promise<object> {
  await peer.producer(payload.producerId).resume();
  return {};
}

export async function closeProducer({
  peer,
  payload,
}: EventCall<{ producerId: string }>): Promise<object> {
  peer.producer(payload.producerId).close();
  return {};
}
