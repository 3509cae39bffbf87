import type { types } from 'mediasoup-client';
import { Chat, type ChatAge, type ChatMessage } from './chat.ts';
import {
  Media,
  type MediaPlace,
  type ProducerNews,
  type RemoteTrack,
  type Source,
} from './media.ts';
import type { Joined, Person, RecordingView, RoomView, Welcome } from './room-view.ts';
import { Refused, Signal } from './signal.ts';

export type CallPhase = 'connecting' | 'waiting' | 'inside' | 'reconnecting' | 'over';

/** How a call came to its end, by the room's own word. */
export type CallEnd = 'left' | 'denied' | 'removed' | 'ended' | 'refused' | 'signed_out';

export interface CallEvents {
  /** Something that is shown has changed. */
  changed(): void;
  chat(message: ChatMessage, age: ChatAge): void;
  /** A host has a word for everybody, or asks something of this person. */
  notice(text: string): void;
  /** A host asks to switch something off; whoever it is decides. */
  muteRequested(kind: 'audio' | 'video'): void;
  /** Another tab sends it now. */
  replaced(source: Source): void;
}

const FIRST_PAUSE_MS = 300;
/** A room has its next host within moments of the last one's death. */
const LAST_PAUSE_MS = 2_000;
/** Whoever waits for a room that there is not yet asks less often. */
const LAST_PAUSE_OUTSIDE_MS = 5_000;
/** A locked room may be unlocked at any time. */
const KNOCK_AGAIN_MS = 5_000;
/** Refusals that no further try will change. */
const FINAL = new Set(['FORBIDDEN', 'NOT_FOUND', 'REFUSED_BY_RULE', 'TOO_SOON']);
/** Reasons that say nothing to a person, and pass by themselves. */
const SILENT = new Set([
  'DISCONNECTED',
  'UNREACHABLE',
  'TOKEN_EXPIRED',
  'WRONG_STATE',
  'NO_ANSWER',
]);

/**
 * One person's stay in a room, over as many connections as it takes: a lost one, or a host that has
 * died, is followed by another until the room says that it is over.
 */
export class Call {
  phase: CallPhase = 'connecting';
  end: CallEnd | null = null;
  /** Why it was refused, for the person to read. */
  reason = '';
  view: RoomView | null = null;
  speakerId: string | null = null;
  readonly people = new Map<string, Person>();
  readonly waiting = new Map<string, Person>();
  /** For hosts: all who are inside, in whichever breakout. */
  readonly everybody = new Map<string, Person & { readonly breakoutId: string | null }>();
  readonly tracks = new Map<Source, { track: MediaStreamTrack; isPaused: boolean }>();
  /** How many connections there have been. */
  connections = 0;
  readonly #join: () => Promise<Joined>;
  readonly #events: CallEvents;
  readonly #chat: Chat;
  #signal: Signal | null = null;
  #media: Media | null = null;
  /** Of this connection, until its media is opened. */
  #rtpCapabilities: types.RtpCapabilities | null = null;
  #isOpening = false;
  #opening: Promise<Media | null> = Promise.resolve(null);
  #pauseMs = FIRST_PAUSE_MS;

  constructor(join: () => Promise<Joined>, events: CallEvents) {
    this.#join = join;
    this.#events = events;
    this.#chat = new Chat((message, age) => events.chat(message, age));
  }

  get remote(): RemoteTrack[] {
    return [...(this.#media?.remote.values() ?? [])];
  }

  stats(): Promise<RTCStatsReport | null> {
    return this.#media?.stats() ?? Promise.resolve(null);
  }

  async start(): Promise<void> {
    if (this.phase === 'over') return;
    try {
      const joined = await this.#join();
      this.#connect(joined);
    } catch (error) {
      const code = error instanceof Refused ? error.code : 'UNREACHABLE';
      const message = error instanceof Error ? error.message : '';
      // Whoever was inside finds the next host sooner than a door promises it.
      const mustWait = code === 'RATE_LIMITED' || this.view === null;
      const waitMs = mustWait && error instanceof Refused ? (error.retryAfterMs ?? 0) : 0;
      this.#failed(code, message, waitMs);
    }
  }

  /** Asks the room for something, such as `admit`. Rejects with {@link Refused}. */
  async ask(event: string, body: object = {}): Promise<void> {
    const { room } = await this.#answer<{ room?: RoomView }>(event, body);
    if (room !== undefined) this.#show(room);
  }

  /** Calls for help without a word; false while that is not on its way to a human yet. */
  async callForHelp(): Promise<boolean> {
    const { isHeard = true } = await this.#answer<{ isHeard?: boolean }>('panic', {});
    return isHeard;
  }

  async #answer<Answer extends object>(event: string, body: object): Promise<Answer> {
    if (this.#signal !== null) return this.#signal.ask<Answer>(event, body);
    throw new Refused('DISCONNECTED', 'There is no connection just now.');
  }

  /** Writes to those around. Rejects with {@link Refused}. */
  write(text: string): Promise<void> {
    return this.#chat.write(text);
  }

  /** Sends a track from now on, also over later connections. */
  async send(source: Source, track: MediaStreamTrack, isPaused = false): Promise<void> {
    this.tracks.set(source, { track, isPaused });
    await this.#media?.send(source, track, isPaused);
    this.#events.changed();
  }

  async pause(source: Source, isPaused: boolean): Promise<void> {
    const own = this.tracks.get(source);
    if (own === undefined) return;
    own.isPaused = isPaused;
    own.track.enabled = !isPaused;
    this.#events.changed();
    await this.#media?.pause(source, isPaused);
  }

  async stop(source: Source): Promise<void> {
    this.tracks.get(source)?.track.stop();
    this.tracks.delete(source);
    this.#events.changed();
    await this.#media?.stop(source);
  }

  prefer(consumerId: string, spatialLayer: number): Promise<void> {
    return this.#media?.prefer(consumerId, spatialLayer) ?? Promise.resolve();
  }

  async leave(): Promise<void> {
    await this.#signal?.ask('leave').catch(() => undefined);
    this.#over('left');
  }

  #connect({ token, signalingUrl, iceServers }: Joined): void {
    const signal = new Signal(signalingUrl, token);
    this.#signal = signal;
    this.connections += 1;
    this.#listen(signal, iceServers);
    signal.onEnd(({ code, message }) => {
      if (this.#signal === signal) this.#failed(code, message);
    });
    signal.open();
  }

  #listen(signal: Signal, ice: RTCIceServer[]): void {
    signal.on('welcome', ({ rtpCapabilities, ...view }: Welcome) => {
      this.#pauseMs = FIRST_PAUSE_MS;
      this.reason = '';
      this.#rtpCapabilities = rtpCapabilities ?? null;
      this.speakerId = null;
      this.#enter(signal, ice, view);
    });
    signal.on('admitted', (view: RoomView) => this.#enter(signal, ice, view));
    signal.on('moved', (view: RoomView) => {
      this.speakerId = null;
      this.#show(view);
    });
    signal.on('denied', () => this.#over('denied'));
    signal.on('removed', () => this.#over('removed'));
    signal.on('left', () => this.#over('left'));
    signal.on('refused', (refusal: { event?: string; error: string; message: string }) => {
      if (refusal.event === undefined) this.#turnedAway(refusal);
    });
    signal.on('room-closed', ({ rejoin }: { rejoin: boolean }) => {
      if (!rejoin) this.#over('ended');
    });
    this.#listenToPeople(signal);
    this.#listenToMedia(signal);
    this.#chat.listen(signal);
    signal.on('broadcast', ({ text }: { text: string }) => this.#events.notice(text));
    signal.on('mute-requested', ({ kind }: { kind: 'audio' | 'video' }) => {
      this.#events.muteRequested(kind);
    });
  }

  #listenToPeople(signal: Signal): void {
    const put = (person: Person, isAway: boolean): void => {
      this.people.set(person.personId, { ...person, isAway });
      const breakoutId = this.view?.breakout?.id ?? null;
      this.everybody.set(person.personId, { ...person, isAway, breakoutId });
      this.#events.changed();
    };
    signal.on('peer-joined', (person: Person) => put(person, false));
    signal.on('peer-back', (person: Person) => put(person, false));
    signal.on('peer-away', (person: Person) => put(person, true));
    signal.on('peer-left', ({ personId }: Person) => {
      this.people.delete(personId);
      // While there are breakouts they may have gone to another one.
      if ((this.view?.breakouts ?? []).length === 0) this.everybody.delete(personId);
      this.#events.changed();
    });
    signal.on('waiting', ({ isWaiting, ...person }: Person & { isWaiting: boolean }) => {
      if (isWaiting) this.waiting.set(person.personId, person);
      else this.waiting.delete(person.personId);
      this.#events.changed();
    });
    signal.on('role-changed', ({ personId, role }: Person) => {
      const known = this.people.get(personId);
      if (known !== undefined) this.people.set(personId, { ...known, role });
      const one = this.everybody.get(personId);
      if (one !== undefined) this.everybody.set(personId, { ...one, role });
      if (this.view?.personId === personId) this.view = { ...this.view, role };
      this.#events.changed();
    });
    signal.on('recording-changed', (recording: RecordingView) => {
      if (this.view !== null) this.view = { ...this.view, recording };
      this.#events.changed();
    });
    signal.on('locked', ({ isLocked }: { isLocked: boolean }) => {
      if (this.view !== null) this.view = { ...this.view, isLocked };
      this.#events.changed();
    });
  }

  #listenToMedia(signal: Signal): void {
    const on = (event: string, tell: (media: Media, news: ProducerNews) => void): void => {
      // What comes while media is being opened is heard once it is.
      signal.on(event, (news: ProducerNews) => {
        void this.#opening.then((media) => media !== null && tell(media, news));
      });
    };
    // One may have gone while it was on its way.
    on('new-producer', (media, news) => void media.receive(news).catch(() => undefined));
    on('producer-closed', (media, { producerId }) => media.ended(producerId));
    on('consumer-closed', (media, { producerId }) => media.ended(producerId));
    on('producer-paused', (media, { producerId }) => media.paused(producerId, true));
    on('producer-resumed', (media, { producerId }) => media.paused(producerId, false));
    signal.on('producer-replaced', ({ producerId }: { producerId: string }) => {
      const source = this.#media?.replaced(producerId) ?? null;
      if (source !== null) this.#events.replaced(source);
    });
    signal.on('active-speaker', ({ personId }: { personId: string | null }) => {
      this.speakerId = personId;
      this.#events.changed();
    });
  }

  #enter(signal: Signal, ice: RTCIceServer[], view: RoomView): void {
    const wasInside = this.phase === 'inside';
    this.phase = view.place;
    this.#switchOffUnused(view);
    if (view.place === 'inside' && view.mode !== 'text' && !this.#isOpening) {
      this.#isOpening = true;
      const onChange = (): void => this.#events.changed();
      const rtpCapabilities = this.#rtpCapabilities;
      this.#opening = this.#openMedia({ signal, ice, rtpCapabilities, onChange });
    }
    this.#show(view);
    if (view.place === 'inside' && !wasInside) void this.#chat.catchUp();
  }

  /** A camera's light is on for nobody who can't be seen. */
  #switchOffUnused({ mode }: RoomView): void {
    for (const [source, { track }] of this.tracks) {
      if (mode === 'video' || (mode === 'audio' && track.kind === 'audio')) continue;
      track.stop();
      this.tracks.delete(source);
    }
  }

  async #openMedia(place: MediaPlace): Promise<Media | null> {
    try {
      const media = await Media.open(place);
      if (this.#signal !== place.signal) {
        media.close();
        return null;
      }
      this.#media = media;
      void this.#begin(media);
      return media;
    } catch (error) {
      if (this.#signal === place.signal) this.#tellFault(error);
      return null;
    }
  }

  /** What others send comes first, then one's own, and then the channel for what is written. */
  async #begin(media: Media): Promise<void> {
    await media.begun();
    await this.#sendOwn(media).catch((error: unknown) => {
      if (this.#media === media) this.#tellFault(error);
    });
    // Where no channel can be made, signalling serves.
    if (this.#media === media) this.#chat.use(media.chatLine()).catch(() => undefined);
  }

  #tellFault(error: unknown): void {
    this.reason = error instanceof Error ? error.message : 'Media can not be set up.';
    this.#events.changed();
  }

  async #sendOwn(media: Media): Promise<void> {
    if (this.view?.role === 'observer') return;
    for (const [source, { track, isPaused }] of this.tracks) {
      if (this.view?.mode === 'video' || track.kind === 'audio') {
        await media.send(source, track, isPaused);
      }
    }
    this.#events.changed();
  }

  #show(view: RoomView): void {
    this.view = view;
    this.people.clear();
    for (const person of view.peers ?? []) this.people.set(person.personId, person);
    this.waiting.clear();
    for (const person of view.waiting ?? []) this.waiting.set(person.personId, person);
    this.everybody.clear();
    for (const person of view.everybody ?? []) this.everybody.set(person.personId, person);
    this.#events.changed();
  }

  /** The room itself says why nobody comes in; at other doors its state says nothing to a person. */
  #turnedAway({ error, message }: { readonly error: string; readonly message: string }): void {
    this.#failed(error === 'WRONG_STATE' ? 'NOT_NOW' : error, message, KNOCK_AGAIN_MS);
  }

  /** `waitMs`: it is not tried again before. */
  #failed(code: string, message: string, waitMs = 0): void {
    if (this.phase === 'over') return;
    this.#dropMedia();
    this.reason = SILENT.has(code) ? '' : message;
    if (code === 'UNAUTHENTICATED') return this.#over('signed_out');
    if (FINAL.has(code)) return this.#over('refused');
    this.phase = this.view === null ? 'connecting' : 'reconnecting';
    this.#events.changed();
    const pauseMs = this.#pauseMs * (0.75 + Math.random() / 2);
    setTimeout(() => void this.start(), Math.max(pauseMs, waitMs));
    const longestMs = this.view === null ? LAST_PAUSE_OUTSIDE_MS : LAST_PAUSE_MS;
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestMs);
  }

  #dropMedia(): void {
    this.#media?.close();
    this.#media = null;
    this.#opening = Promise.resolve(null);
    this.#rtpCapabilities = null;
    this.#isOpening = false;
    const signal = this.#signal;
    this.#signal = null;
    signal?.close();
  }

  #over(end: CallEnd): void {
    if (this.phase === 'over') return;
    this.phase = 'over';
    this.end = end;
    this.#dropMedia();
    for (const { track } of this.tracks.values()) track.stop();
    this.tracks.clear();
    this.#events.changed();
  }
}
