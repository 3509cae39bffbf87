import type { Page } from 'playwright-core';
import type { Knex } from 'knex';
import type { KeyRing } from '../../crypto/key-ring.ts';
import type { RoomRole } from '../../domain/room.ts';
import type { TestBrowser } from './browser.ts';
import { type Guest, joinRoom } from './room-host.ts';
import { until } from './until.ts';

export interface Received {
  readonly personId: string;
  readonly source: string;
  readonly frames: number;
  readonly energy: number;
  readonly width: number;
  readonly consumerId: string;
}

export interface PeerView {
  readonly phase: string;
  readonly end: string | null;
  readonly connections: number;
  readonly role: string | null;
  readonly breakout: string | null;
  readonly people: readonly string[];
  readonly waiting: readonly string[];
  readonly breakouts: readonly { readonly id: string; readonly name: string }[];
  readonly recording: {
    readonly state: string;
    readonly endedBy: string | null;
    readonly consent: boolean | null;
  } | null;
}

/** One person in a tab. */
export class RoomGuest {
  readonly guest: Guest;
  readonly page: Page;

  constructor(guest: Guest, page: Page) {
    this.guest = guest;
    this.page = page;
  }

  get id(): string {
    return this.guest.personId;
  }

  get name(): string {
    return this.guest.displayName;
  }

  /** Comes with a camera of this size, or a small one. */
  start(withMedia = true, picture?: { width: number; height: number }): Promise<void> {
    const video = picture === undefined ? '' : `, ${JSON.stringify({ ...picture, frameRate: 5 })}`;
    return this.page.evaluate(`window.peer.start(${withMedia}${video})`);
  }

  view(): Promise<PeerView> {
    return this.page.evaluate('window.peer.view');
  }

  ask(event: string, body: object = {}): Promise<void> {
    return this.page.evaluate(
      `window.peer.call.ask(${JSON.stringify(event)}, ${JSON.stringify(body)})`,
    );
  }

  /** Has its page do something, such as `peer.share()`. */
  does<T = void>(what: string): Promise<T> {
    return this.page.evaluate(`window.${what}`);
  }

  chat(): Promise<string[]> {
    return this.page.evaluate('window.peer.chat');
  }

  received(): Promise<Received[]> {
    return this.page.evaluate('window.peer.received()');
  }

  leave(): Promise<void> {
    return this.page.evaluate('window.peer.call.leave()');
  }

  async reached(condition: (view: PeerView) => boolean): Promise<void> {
    await until(async () => condition(await this.view()));
  }
}

export interface Company {
  /** A person of the clinic in a tab of their own, who has not come yet. */
  guest(displayName: string, role: RoomRole): Promise<RoomGuest>;
}

export function companyIn(
  sessionId: string,
  deps: {
    readonly knex: Knex;
    readonly keyRing: KeyRing;
    readonly browser: TestBrowser;
    readonly person: () => Promise<string>;
    /** Where the host is reached, if not where it says. */
    readonly url?: (() => string) | undefined;
  },
): Company {
  return {
    guest: async (displayName, role) => {
      const guest = { personId: await deps.person(), displayName, role };
      const join = async () => {
        const joined = await joinRoom(deps.knex, deps.keyRing, sessionId, guest);
        return { ...joined, signalingUrl: deps.url?.() ?? joined.signalingUrl };
      };
      return new RoomGuest(guest, await deps.browser.open(join));
    },
  };
}

/** Everybody comes, and the host lets in whoever waits. */
export async function gather(host: RoomGuest, guests: readonly RoomGuest[]): Promise<void> {
  await host.start();
  await host.reached(({ phase }) => phase === 'inside');
  for (const guest of guests) {
    await guest.start();
    await guest.reached(({ phase }) => phase === 'waiting');
    await host.reached(({ waiting }) => waiting.includes(guest.id));
    await host.ask('admit', { personId: guest.id });
  }
  await Promise.all(guests.map((each) => each.reached(({ phase }) => phase === 'inside')));
}

/** Waits until these people decode new pictures and sound of each other. */
export async function seeAndHear(guests: readonly RoomGuest[]): Promise<void> {
  await Promise.all(guests.map((guest) => hears(guest, guests)));
}

async function hears(guest: RoomGuest, guests: readonly RoomGuest[]): Promise<void> {
  const others = guests.filter((each) => each !== guest).map(({ id }) => id);
  const before = await guest.received();
  await until(async () => {
    const now = await guest.received();
    return others.every((id) => hasGrown(before, now, id));
  });
}

function hasGrown(before: readonly Received[], now: readonly Received[], id: string): boolean {
  const of = (all: readonly Received[], source: string): Received | undefined =>
    all.find((each) => each.personId === id && each.source === source);
  const [camera, microphone] = [of(now, 'camera'), of(now, 'microphone')];
  if (camera === undefined || microphone === undefined) return false;
  const isSeen = camera.frames > (of(before, 'camera')?.frames ?? 0);
  return isSeen && microphone.energy > (of(before, 'microphone')?.energy ?? 0);
}

/** Whom somebody receives anything of. */
export async function heardBy(guest: RoomGuest): Promise<string[]> {
  const received = await guest.received();
  return [...new Set(received.map(({ personId }) => personId))].toSorted();
}
