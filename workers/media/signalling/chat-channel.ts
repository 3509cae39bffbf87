import type { types } from 'mediasoup';
import { HoldfastError } from '../../../domain/errors.ts';
import type { EventCall } from './event.ts';
import { LIMITS } from './limits.ts';
import type { MediaSeat } from './media-room.ts';
import { refusing, seatOf } from './media-events.ts';
import type { Peer } from './peer.ts';

/** How a browser's data channel carries a text, by RFC 8831. */
const TEXT_PPID = 51;
const CHANNEL = { label: 'chat', protocol: 'json' } as const;

/**
 * The host's own end of the data channels on one seat: it hears what peers send, and what it sends
 * goes to one peer at a time. Between peers no channel leads, so nothing passes that the host has
 * not looked at.
 */
interface ChatLine {
  readonly transport: types.DirectTransport;
  /** Says nothing by itself: what peers consume, so that the host can write to each of them. */
  readonly voice: types.DataProducer;
}

const lines = new WeakMap<types.Router, Promise<ChatLine>>();

function lineOn({ router }: MediaSeat): Promise<ChatLine> {
  const known = lines.get(router);
  if (known !== undefined) return known;
  const opening = openLine(router);
  lines.set(router, opening);
  opening.catch(() => lines.delete(router));
  return opening;
}

async function openLine(router: types.Router): Promise<ChatLine> {
  const transport = await router.createDirectTransport({
    maxSendMessageSize: LIMITS.channelBytes,
    maxReceiveMessageSize: LIMITS.channelBytes,
  });
  const voice = await transport.produceData({ ...CHANNEL });
  return { transport, voice };
}

/** A peer's words come in by a channel of its own. */
export async function produceData(
  call: EventCall<{ transportId: string; sctpStreamParameters: { streamId: number } }>,
): Promise<object> {
  const { peer, payload } = call;
  const transport = peer.transport(payload.transportId);
  const { streamId } = payload.sctpStreamParameters;
  return peer.inTurn(async () => {
    peer.chat.incoming?.close();
    const sctpStreamParameters = { streamId, ordered: true };
    const producer = await refusing(() =>
      transport.produceData({ sctpStreamParameters, ...CHANNEL }),
    );
    peer.chat.incoming = producer;
    const line = await lineOn(await seatOf(call));
    const heard = await line.transport.consumeData({ dataProducerId: producer.id });
    heard.on('message', (message, ppid) => peer.hear(readWords(message, ppid)));
    return { dataProducerId: producer.id };
  });
}

/** What others write goes to a peer by a channel of its own. */
export async function consumeData(call: EventCall<{ transportId: string }>): Promise<object> {
  const { peer, payload } = call;
  const transport = peer.transport(payload.transportId);
  return peer.inTurn(async () => {
    peer.chat.outgoing?.close();
    peer.chat.isOpen = false;
    const { voice } = await lineOn(await seatOf(call));
    const consumer = await refusing(() => transport.consumeData({ dataProducerId: voice.id }));
    peer.chat.outgoing = consumer;
    const { id: dataConsumerId, sctpStreamParameters } = consumer;
    return { dataConsumerId, dataProducerId: voice.id, sctpStreamParameters, ...CHANNEL };
  });
}

/** Whether a peer's channel is open by its own word: until then, and once it is lost, signalling serves. */
export function useChannel({ peer, payload }: EventCall<{ isOpen: boolean }>): object {
  if (payload.isOpen && peer.chat.outgoing === null) {
    throw new HoldfastError('wrong_state', 'There is no channel');
  }
  peer.chat.isOpen = payload.isOpen;
  return {};
}

/** Tells a connection of something that was written, over whichever path it has. */
export function tellChat(peer: Peer, message: object): void {
  const { outgoing, isOpen } = peer.chat;
  const bySignal = (): unknown => peer.socket.emit('chat', message);
  if (!isOpen || outgoing === null || outgoing.closed) bySignal();
  else outgoing.send(JSON.stringify(message)).catch(bySignal);
}

/** What a message holds; whatever is no well-formed text comes out as it is, to be refused. */
function readWords(message: Buffer, ppid: number): unknown {
  const text = message.toString('utf8');
  if (ppid !== TEXT_PPID || !Buffer.from(text).equals(message)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
