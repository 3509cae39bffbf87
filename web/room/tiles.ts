import type { Call } from './call.ts';
import { el, show } from './dom.ts';

interface Tile {
  readonly element: HTMLElement;
  readonly video: HTMLVideoElement;
  readonly caption: HTMLElement;
  track: MediaStreamTrack | null;
}

/** A picture of everybody, and of every screen that is shared; sound without a picture. */
export class Tiles {
  readonly element = el('div', { class: 'tiles' });
  readonly #call: Call;
  readonly #tiles = new Map<string, Tile>();
  readonly #sounds = new Map<string, HTMLAudioElement>();

  constructor(call: Call) {
    this.#call = call;
  }

  update(): void {
    const { people, remote, tracks, view, speakerId } = this.#call;
    const shown: HTMLElement[] = [];
    const keys = new Set<string>();
    const add = (key: string, name: string, track: MediaStreamTrack | null): Tile => {
      const tile = this.#tile(key);
      keys.add(key);
      shown.push(tile.element);
      if (tile.caption.textContent !== name) tile.caption.textContent = name;
      if (tile.track !== track) {
        tile.track = track;
        tile.video.srcObject = track === null ? null : new MediaStream([track]);
      }
      return tile;
    };
    const own = tracks.get('camera');
    if (view?.mode !== 'text') {
      const isSpeaking = view?.personId === speakerId;
      const isMuted = isSilent(view?.role, tracks.get('microphone'));
      const name = captionOf('You', { isSpeaking, isMuted });
      const tile = add('own', name, own === undefined || own.isPaused ? null : own.track);
      tile.element.classList.toggle('speaking', isSpeaking);
    }
    for (const { personId, name, isAway, role } of people.values()) {
      const sent = remote.filter((each) => each.personId === personId);
      const camera = sent.find(({ source }) => source === 'camera');
      const microphone = sent.find(({ source }) => source === 'microphone');
      const isSpeaking = personId === speakerId;
      const isMuted = view?.mode !== 'text' && !isAway && isSilent(role, microphone);
      const caption = captionOf(name, { isAway, isSpeaking, isMuted });
      const isShown = camera !== undefined && !camera.isPaused;
      const tile = add(personId, caption, isShown ? camera.track : null);
      tile.element.classList.toggle('speaking', isSpeaking);
    }
    for (const { producerId, personId, source, track } of remote) {
      if (source !== 'screen') continue;
      const name = people.get(personId)?.name ?? '';
      add(producerId, `${name}: screen`, track).element.classList.add('screen');
    }
    for (const key of this.#tiles.keys()) if (!keys.has(key)) this.#tiles.delete(key);
    this.#listen();
    show(this.element, shown);
  }

  #tile(key: string): Tile {
    const known = this.#tiles.get(key);
    if (known !== undefined) return known;
    const video = el('video', { autoplay: true, playsinline: true, muted: true });
    video.muted = true;
    const caption = el('figcaption');
    const tile = {
      element: el('figure', { class: 'tile' }, video, caption),
      video,
      caption,
      track: null,
    };
    this.#tiles.set(key, tile);
    return tile;
  }

  #listen(): void {
    const heard = this.#call.remote.filter(({ track }) => track.kind === 'audio');
    const ids = new Set(heard.map(({ consumerId }) => consumerId));
    for (const [id, sound] of this.#sounds) {
      if (ids.has(id)) continue;
      sound.srcObject = null;
      this.#sounds.delete(id);
    }
    for (const { consumerId, track } of heard) {
      if (this.#sounds.has(consumerId)) continue;
      const sound = el('audio', { autoplay: true });
      sound.srcObject = new MediaStream([track]);
      this.#sounds.set(consumerId, sound);
      sound.play().catch(() => undefined);
    }
  }
}

/** Observers send no sound at all, which needs no words. */
function isSilent(
  role: string | undefined,
  own: { readonly isPaused: boolean } | undefined,
): boolean {
  return role !== 'observer' && (own === undefined || own.isPaused);
}

/** In words what the colours show. */
function captionOf(
  name: string,
  is: { readonly isAway?: boolean; readonly isSpeaking: boolean; readonly isMuted: boolean },
): string {
  const away = is.isAway === true ? ['away'] : [];
  const sound = is.isMuted ? ['microphone off'] : is.isSpeaking ? ['speaking'] : [];
  const states = [...away, ...sound];
  return states.length === 0 ? name : `${name} (${states.join(', ')})`;
}
