import { EventEmitter } from 'node:events';
import { expect, test } from '@jest/globals';
import type { types } from 'mediasoup';
import { MAIN_PLACE, Voices } from '../../../workers/media/voices.ts';

/** An ear that only remembers whom it listens to. */
class Ear extends EventEmitter {
  readonly heard = new Set<string>();
  isClosed = false;

  async addProducer({ producerId }: { producerId: string }): Promise<void> {
    this.heard.add(producerId);
  }

  async removeProducer({ producerId }: { producerId: string }): Promise<void> {
    this.heard.delete(producerId);
  }

  close(): void {
    this.isClosed = true;
  }
}

function microphone(id: string) {
  const observer = new EventEmitter();
  const producer = { id, closed: false, observer };
  const close = (): void => {
    producer.closed = true;
    observer.emit('close');
  };
  return { producer: producer as unknown as types.Producer, close };
}

async function room() {
  const ears: Ear[] = [];
  const createActiveSpeakerObserver = async (): Promise<Ear> => {
    ears.push(new Ear());
    return ears.at(-1)!;
  };
  const router = { closed: false, createActiveSpeakerObserver } as unknown as types.Router;
  const voices = await Voices.open(router);
  const spoken: [place: string, producerId: string][] = [];
  voices.onSpeaker((place, producerId) => spoken.push([place, producerId]));
  return { voices, ears, spoken };
}

test('each place has an ear of its own, and a microphone is in one of them', async () => {
  const { voices, ears, spoken } = await room();
  const [ann, ben, cleo] = [microphone('ann'), microphone('ben'), microphone('cleo')];
  for (const { producer } of [ann, ben, cleo]) await voices.watch(producer, MAIN_PLACE);
  // Said at once, in their order.
  await Promise.all([
    voices.watch(ann.producer, 'red'),
    voices.watch(ben.producer, 'red'),
    voices.watch(ben.producer, 'blue'),
    voices.watch(ben.producer, 'blue'),
  ]);
  expect(ears.map(({ heard }) => [...heard])).toEqual([['cleo'], ['ann'], ['ben']]);
  ears[1]!.emit('dominantspeaker', { producer: ann.producer });
  ears[2]!.emit('dominantspeaker', { producer: ben.producer });
  expect(spoken).toEqual([
    ['red', 'ann'],
    ['blue', 'ben'],
  ]);
});

test('a breakout in which nobody is heard any more has no ear; the main room keeps its own', async () => {
  const { voices, ears } = await room();
  const [ann, ben] = [microphone('ann'), microphone('ben')];
  await voices.watch(ann.producer, 'red');
  await voices.watch(ben.producer, 'red');
  await voices.watch(ann.producer, MAIN_PLACE);
  expect(ears.map(({ isClosed }) => isClosed)).toEqual([false, false]);
  ben.close();
  ann.close();
  expect(ears.map(({ isClosed }) => isClosed)).toEqual([false, true]);
  // One that has closed is listened to nowhere.
  await voices.watch(ben.producer, 'blue');
  expect(ears).toHaveLength(2);
});
