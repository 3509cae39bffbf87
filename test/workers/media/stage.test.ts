import { expect, test } from '@jest/globals';
import { CAMERAS_SHOWN } from '../../../domain/room-stage.ts';
import type { Peer, PeerConsumer, Source } from '../../../workers/media/signalling/peer.ts';
import { Stage, letFlow } from '../../../workers/media/signalling/stage.ts';

/** A connection that receives so many cameras, and a screen; media only says whether it flows. */
function receiver(cameras: number) {
  const told: { consumerId: string; isShown: boolean }[] = [];
  const consumers = new Map<string, PeerConsumer>();
  const add = (id: string, source: Source): void => {
    const consumer = { id, closed: false, paused: true, pause: idle, resume: idle };
    consumer.pause = async () => void (consumer.paused = true);
    consumer.resume = async () => void (consumer.paused = false);
    const made = { consumer, personId: id, source, isWanted: true, isShown: true };
    consumers.set(id, made as unknown as PeerConsumer);
  };
  for (let count = 1; count <= cameras; count += 1) add(`p${count}`, 'camera');
  add('screen', 'screen');
  const socket = { emit: (_event: string, body: (typeof told)[number]) => told.push(body) };
  const peer = { consumers, socket } as unknown as Peer;
  const flowing = (): string[] =>
    [...consumers].filter(([, { consumer }]) => !consumer.paused).map(([id]) => id);
  return { peer, told, flowing, start: () => Promise.all([...consumers.values()].map(letFlow)) };
}

const idle = async (): Promise<void> => undefined;

test('A room of ordinary size sends every camera', async () => {
  const { peer, told, flowing, start } = receiver(CAMERAS_SHOWN);
  const stage = new Stage();
  stage.arrange(peer);
  stage.heard('p3', [peer]);
  await start();
  expect(flowing()).toHaveLength(CAMERAS_SHOWN + 1);
  expect(told).toEqual([]);
});

test('A larger one sends those of whoever spoke last, and always the screen', async () => {
  const { peer, told, flowing, start } = receiver(12);
  const stage = new Stage();
  stage.arrange(peer);
  await start();
  expect(flowing()).toHaveLength(CAMERAS_SHOWN + 1);
  expect(flowing()).not.toContain('p12');
  told.splice(0);
  stage.heard('p12', [peer]);
  await Promise.resolve();
  expect(flowing()).toContain('p12');
  expect(flowing()).toContain('screen');
  expect(flowing()).toHaveLength(CAMERAS_SHOWN + 1);
  expect(told.toSorted((a, b) => Number(a.isShown) - Number(b.isShown))).toEqual([
    { consumerId: 'p9', isShown: false },
    { consumerId: 'p12', isShown: true },
  ]);
});

test('What its receiver has paused stays so, also when its person speaks', async () => {
  const { peer, flowing, start } = receiver(12);
  const stage = new Stage();
  stage.arrange(peer);
  await start();
  peer.consumers.get('p12')!.isWanted = false;
  stage.heard('p12', [peer]);
  await Promise.resolve();
  expect(flowing()).not.toContain('p12');
});
