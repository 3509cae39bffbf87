import { EventEmitter } from 'node:events';
import { expect, test } from '@jest/globals';
import type { types } from 'mediasoup';
import { MAIN_PLACE, Voices } from '../../../workers/media/voices.ts';

/** An observer that only remembers what it listens to. */
class Observer extends EventEmitter {
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
  const pause = (): void => void observer.emit('pause');
  return { producer: producer as unknown as types.Producer, close, pause };
}

async function room() {
  const [speakers, levels]: [Observer[], Observer[]] = [[], []];
  const openIn = (observers: Observer[]) => async (): Promise<Observer> => {
    observers.push(new Observer());
    return observers.at(-1)!;
  };
  const router = {
    closed: false,
    createActiveSpeakerObserver: openIn(speakers),
    createAudioLevelObserver: openIn(levels),
  } as unknown as types.Router;
  const voices = await Voices.open(router);
  const spoken: [place: string, producerId: string | null][] = [];
  voices.onSpeaker((place, producerId) => spoken.push([place, producerId]));
  const named = (ear: number, id: string) => {
    speakers[ear]!.emit('dominantspeaker', { producer: { id } });
  };
  const loud = (ear: number, ...ids: string[]) => {
    const volumes = ids.map((id) => ({ producer: { id }, volume: -20 }));
    levels[ear]!.emit(ids.length > 0 ? 'volumes' : 'silence', volumes);
  };
  return { voices, speakers, levels, spoken, named, loud };
}

test('each place has an ear of its own, and a microphone is in one of them', async () => {
  const { voices, speakers, levels, spoken, named, loud } = await room();
  const [ann, ben, cleo] = [microphone('ann'), microphone('ben'), microphone('cleo')];
  for (const { producer } of [ann, ben, cleo]) await voices.watch(producer, MAIN_PLACE);
  // Said at once, in their order.
  await Promise.all([
    voices.watch(ann.producer, 'red'),
    voices.watch(ben.producer, 'red'),
    voices.watch(ben.producer, 'blue'),
    voices.watch(ben.producer, 'blue'),
  ]);
  for (const observers of [speakers, levels]) {
    expect(observers.map(({ heard }) => [...heard])).toEqual([['cleo'], ['ann'], ['ben']]);
  }
  loud(1, 'ann');
  loud(2, 'ben');
  named(1, 'ann');
  named(2, 'ben');
  expect(spoken).toEqual([
    ['red', 'ann'],
    ['blue', 'ben'],
  ]);
});

test('a breakout in which nobody is heard any more has no ear; the main room keeps its own', async () => {
  const { voices, speakers, levels } = await room();
  const [ann, ben] = [microphone('ann'), microphone('ben')];
  await voices.watch(ann.producer, 'red');
  await voices.watch(ben.producer, 'red');
  await voices.watch(ann.producer, MAIN_PLACE);
  expect(speakers.map(({ isClosed }) => isClosed)).toEqual([false, false]);
  ben.close();
  ann.close();
  for (const observers of [speakers, levels]) {
    expect(observers.map(({ isClosed }) => isClosed)).toEqual([false, true]);
  }
  // One that has closed is listened to nowhere.
  await voices.watch(ben.producer, 'blue');
  expect(speakers).toHaveLength(2);
});

test('who is alone or named first is no speaker before they are heard', async () => {
  const { voices, spoken, named, loud } = await room();
  const [ann, ben] = [microphone('ann'), microphone('ben')];
  await voices.watch(ann.producer, MAIN_PLACE);
  named(0, 'ann');
  await voices.watch(ben.producer, MAIN_PLACE);
  loud(0, 'ben');
  loud(0);
  expect(spoken).toEqual([]);
  loud(0, 'ben', 'ann');
  loud(0, 'ann');
  expect(spoken).toEqual([[MAIN_PLACE, 'ann']]);
});

test('how loud a microphone is matters to nobody once it was heard, until it is switched off', async () => {
  const { voices, levels, spoken, named, loud } = await room();
  const [ann, ben] = [microphone('ann'), microphone('ben')];
  for (const { producer } of [ann, ben]) await voices.watch(producer, MAIN_PLACE);
  const listenedTo = (): string[] => [...levels[0]!.heard].toSorted();
  loud(0, 'ann');
  expect(listenedTo()).toEqual(['ben']);
  named(0, 'ann');
  ann.pause();
  ann.pause();
  expect(listenedTo()).toEqual(['ann', 'ben']);
  named(0, 'ann');
  loud(0, 'ann', 'ben');
  expect(listenedTo()).toEqual([]);
  await voices.watch(ben.producer, 'red');
  expect(levels.map(({ heard }) => [...heard])).toEqual([[], ['ben']]);
  expect(spoken.map(([, id]) => id)).toEqual(['ann', null, 'ann']);
});

test('who switches off or goes speaks no more, and again once they are heard again', async () => {
  const { voices, spoken, named, loud } = await room();
  const [ann, ben] = [microphone('ann'), microphone('ben')];
  for (const { producer } of [ann, ben]) await voices.watch(producer, MAIN_PLACE);
  loud(0, 'ann', 'ben');
  named(0, 'ann');
  ben.pause();
  ann.pause();
  ann.pause();
  loud(0);
  loud(0, 'ann');
  await voices.watch(ann.producer, 'red');
  loud(0, 'ben');
  named(0, 'ben');
  ben.close();
  expect(spoken.map(([place, id]) => `${place} ${id}`)).toEqual(
    ['ann', 'null', 'ann', 'null', 'ben', 'null'].map((id) => `${MAIN_PLACE} ${id}`),
  );
});
