import { type Voices, shownCameras, spoke } from '../../../domain/room-stage.ts';
import type { Peer, PeerConsumer } from './peer.ts';

/** Whose cameras flow to whom: in a room with many, those of whoever spoke last. */
export class Stage {
  #voices: Voices = [];

  /** Somebody has spoken. */
  heard(personId: string, peers: Iterable<Peer>): void {
    this.#voices = spoke(this.#voices, personId);
    for (const peer of peers) this.arrange(peer);
  }

  /** Lets flow to a connection what it is to see, and tells it of what changes. */
  arrange(peer: Peer): void {
    const cameras = [...peer.consumers.values()].filter(({ source }) => source === 'camera');
    const shown = shownCameras(
      this.#voices,
      cameras.map(({ personId }) => personId),
    );
    for (const each of cameras) {
      const isShown = shown.has(each.personId);
      if (each.isShown === isShown) continue;
      each.isShown = isShown;
      peer.socket.emit('camera-shown', { consumerId: each.consumer.id, isShown });
      // One that closes meanwhile flows no more, whichever it was to be.
      letFlow(each).catch(() => undefined);
    }
  }
}

/** Media flows while its receiver wants it and has a place for it. */
export async function letFlow({ consumer, isWanted, isShown }: PeerConsumer): Promise<void> {
  if (consumer.closed) return;
  await (isWanted && isShown ? consumer.resume() : consumer.pause());
}
