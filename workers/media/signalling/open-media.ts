import type { types } from 'mediasoup';
import { errorCodeOf } from '../../../domain/errors.ts';
import type { EventCall } from './event.ts';
import type { ProducerNews } from './live-flow.ts';
import {
  type ConsumerTerms,
  type TransportTerms,
  consumed,
  createTransport,
} from './media-events.ts';

/** Something that is sent already, and how it comes. */
type Receivable = ProducerNews & ConsumerTerms;

interface MediaTerms {
  readonly send: TransportTerms;
  readonly receive: TransportTerms;
  readonly producers: readonly Receivable[];
}

/**
 * All that a connection needs to send and to receive, in one answer: both transports, and consumers of
 * what is sent already, which flow as soon as the browser has connected. What comes later is told of.
 */
export async function openMedia(
  call: EventCall<{ rtpCapabilities: types.RtpCapabilities }>,
): Promise<MediaTerms> {
  const { room, peer, payload } = call;
  const [receive, send] = await Promise.all([createTransport(call), createTransport(call)]);
  const untold = room.flow.untold(peer);
  peer.capabilities = payload.rtpCapabilities;
  const { transportId } = receive;
  const producers = await Promise.all(untold.map((news) => receivable(call, transportId, news)));
  return { send, receive, producers: producers.filter((each) => each !== null) };
}

/** Null for what has gone meanwhile, and for what can only be told of: whoever asks for it hears why. */
async function receivable(
  call: EventCall<unknown>,
  transportId: string,
  news: ProducerNews,
): Promise<Receivable | null> {
  const { producerId } = news;
  try {
    return {
      ...news,
      ...(await consumed({ ...call, payload: { transportId, producerId } }, true)),
    };
  } catch (error) {
    if (errorCodeOf(error) !== 'not_found') call.peer.socket.emit('new-producer', news);
    return null;
  }
}
