import { setTimeout as delay } from 'node:timers/promises';
import type { Socket } from 'socket.io-client';
import type { BenchPerson } from './clinic.ts';
import type { BenchContext } from './context.ts';
import { openSocket } from './conversations.ts';
import { median } from './measure.ts';
import { startPlainSockets } from './messages.ts';
import { type Finding, compared } from './report.ts';
import type { Weighed } from './stack.ts';

const SOCKETS = 500;
const AT_A_TIME = 25;
const LOOK_EVERY_MS = 200;
const MOST_LOOKS = 50;

/** What a signed-in socket adds to its process against one of bare Socket.IO. */
export async function measureSockets(context: BenchContext): Promise<Finding[]> {
  const { stack } = context;
  const clinic = await context.openClinic({ therapists: SOCKETS / 2, clients: SOCKETS / 2 });
  const people = [...clinic.clients, ...clinic.therapists];
  const ours = await stack.startApi();
  const plain = await startPlainSockets(context, clinic);
  const kilobytes: { ours: number[]; baseline: number[] } = { ours: [], baseline: [] };
  for (let round = 0; round <= context.rounds; round += 1) {
    const each = [await perSocket(ours, people), await perSocket(plain, people)];
    // The first sockets also load what all of them share.
    if (round === 0) continue;
    kilobytes.ours.push(each[0]!);
    kilobytes.baseline.push(each[1]!);
  }
  return [
    compared({
      measure: `memory of a socket, of ${SOCKETS}`,
      ours: median(kilobytes.ours),
      baseline: median(kilobytes.baseline),
      unit: 'kB',
      target: { atMost: 1.3 },
      details: kilobytes,
    }),
  ];
}

type Server = Weighed & { readonly url: string };

/** Kilobytes that the process holds more with every socket, garbage apart. */
async function perSocket(server: Server, people: readonly BenchPerson[]): Promise<number> {
  const before = await server.heldBytes();
  const sockets: Socket[] = [];
  for (let at = 0; at < people.length; at += AT_A_TIME) {
    const some = people.slice(at, at + AT_A_TIME);
    const opened = some.map(({ token }) => openSocket(server.url, token));
    sockets.push(...(await Promise.all(opened)));
  }
  const held = (await server.heldBytes()) - before;
  for (const socket of sockets) socket.disconnect();
  await untilBelow(server, before + held / 5);
  return held / people.length / 1000;
}

/** What a round left behind must not be counted in the next. */
async function untilBelow(server: Weighed, bytes: number): Promise<void> {
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    if ((await server.heldBytes()) < bytes) return;
    await delay(LOOK_EVERY_MS);
  }
}
