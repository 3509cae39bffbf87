import type { Call, CallEnd } from './call.ts';
import type { ChatAge, ChatMessage } from './chat.ts';
import { ChatPanel } from './chat-panel.ts';
import { el, show } from './dom.ts';
import { HostPanel } from './host-panel.ts';
import type { Source } from './media.ts';
import { type OwnDevice, OwnDevices } from './own-devices.ts';
import { RecordingPanel } from './recording-panel.ts';
import { Tiles } from './tiles.ts';

const ENDS: Readonly<Record<CallEnd, string>> = {
  left: 'You have left.',
  denied: 'You were not let in. You may try again.',
  removed: 'You were asked to leave.',
  ended: 'The session is over.',
  refused: 'You can not come in just now.',
  signed_out: 'Please say who you are again.',
};

interface Ways {
  again(): void;
  asSomebodyElse(): void;
}

/** Everything between the device check and the end: waiting, the room, and what comes after. */
export class RoomScreen {
  readonly #page: HTMLElement;
  readonly #call: Call;
  readonly #ways: Ways;
  readonly #title = el('h1', { 'aria-live': 'polite', tabindex: '-1' });
  readonly #status = el('p', { role: 'status' });
  readonly #notice = el('p', { role: 'alert' });
  readonly #tiles: Tiles;
  readonly #devices: OwnDevices;
  readonly #host: HostPanel;
  readonly #recording: RecordingPanel;
  readonly #chat: ChatPanel;
  readonly #bar: HTMLElement;
  readonly #buttons = new Map<Source, HTMLButtonElement>();

  constructor(page: HTMLElement, call: Call, ways: Ways) {
    this.#page = page;
    this.#call = call;
    this.#ways = ways;
    this.#tiles = new Tiles(call);
    this.#devices = new OwnDevices(call, {
      say: (text) => this.notice(text),
      unsay: (text) => this.#takeBack(text),
    });
    this.#host = new HostPanel(
      call,
      (text) => this.notice(text),
      (text) => this.#takeBack(text),
    );
    this.#recording = new RecordingPanel(call, (text) => this.notice(text));
    this.#chat = new ChatPanel((text) => call.write(text));
    this.#bar = this.#controls();
    page.replaceChildren();
  }

  /** Sends what somebody has brought. */
  async bring(device: OwnDevice, track: MediaStreamTrack | null): Promise<void> {
    if (track !== null) await this.#devices.use(device, track);
  }

  update(): void {
    const { phase, view } = this.#call;
    const isInside = phase === 'inside' || (phase === 'reconnecting' && view?.place === 'inside');
    if (phase === 'over') return this.#showEnd();
    const title = isInside ? (view?.breakout?.name ?? 'Your appointment') : 'Please wait';
    const isNew = this.#title.textContent !== title;
    this.#title.textContent = title;
    this.#status.textContent = this.#statusText();
    for (const [source, button] of this.#buttons) this.#label(source, button);
    if (isInside) this.#tiles.update();
    const { element: recording } = this.#recording;
    const inside = [recording, this.#tiles.element, this.#host.element, this.#chat.element];
    this.#host.update();
    show(this.#page, [
      this.#title,
      this.#status,
      this.#notice,
      ...(isInside ? inside : []),
      this.#bar,
    ]);
    // What had the keyboard's focus may have gone with the screen before.
    if (isNew && document.activeElement === document.body) this.#title.focus();
    // Its question can only be asked on the page.
    this.#recording.update();
  }

  addChat(message: ChatMessage, age: ChatAge): void {
    this.#chat.add(message, age);
  }

  /** A host's word to everybody can be read again. */
  tellAll(text: string): void {
    this.notice(text);
    this.#chat.tell(text);
  }

  notice(text: string): void {
    this.#notice.textContent = text;
  }

  /** What was said since then stays. */
  #takeBack(text: string): void {
    if (this.#notice.textContent === text) this.notice('');
  }

  askToMute(kind: 'audio' | 'video'): void {
    const what = kind === 'audio' ? 'microphone' : 'camera';
    this.notice(`You are asked to switch your ${what} off.`);
  }

  #statusText(): string {
    const { phase, view, reason } = this.#call;
    const why = reason === '' ? '' : `${reason.replace(/[^.!?]$/, '$&.')} `;
    if (phase === 'connecting') return `${why}${why === '' ? 'Connecting.' : 'Trying again.'}`;
    if (phase === 'reconnecting') return `The connection was lost. ${why}Coming back.`;
    if (phase === 'waiting') return 'Somebody will let you in soon.';
    if (reason !== '') return reason;
    const endsAt = view?.breakout === null ? null : (view?.breakoutEndsAt ?? null);
    return endsAt === null ? '' : `Until ${new Date(endsAt).toLocaleTimeString()}.`;
  }

  #showEnd(): void {
    const { end, reason } = this.#call;
    const again = el('button', { class: 'main', type: 'button' }, 'Come again');
    again.addEventListener('click', () => this.#ways.again());
    const isUnknown = end === 'signed_out';
    const other = el('button', { type: 'button' }, isUnknown ? 'Sign in' : 'As somebody else');
    other.addEventListener('click', () => this.#ways.asSomebodyElse());
    const isFinal = end === 'removed' || isUnknown;
    const title = el('h1', { tabindex: '-1' }, ENDS[end ?? 'ended']);
    this.#page.replaceChildren(
      title,
      el('p', {}, isUnknown ? '' : reason),
      el('div', { class: 'bar' }, ...(isFinal ? [] : [again]), other),
    );
    title.focus();
  }

  #controls(): HTMLElement {
    const leave = el('button', { class: 'leave', type: 'button' }, 'Leave');
    leave.addEventListener('click', () => void this.#call.leave());
    for (const source of ['microphone', 'camera', 'screen'] as const) {
      const button = el('button', { type: 'button' });
      button.addEventListener('click', () => this.#try(this.#toggle(source)));
      this.#buttons.set(source, button);
    }
    return el(
      'div',
      { class: 'bar', role: 'group', 'aria-label': 'Your part' },
      ...this.#buttons.values(),
      leave,
    );
  }

  #label(source: Source, button: HTMLButtonElement): void {
    const own = this.#call.tracks.get(source);
    const isOn = own !== undefined && !own.isPaused;
    const names = { microphone: 'Microphone', camera: 'Camera', screen: 'Share screen' } as const;
    button.textContent = `${names[source as keyof typeof names]}: ${isOn ? 'on' : 'off'}`;
    button.setAttribute('aria-pressed', String(isOn));
    const { view } = this.#call;
    const isPicture = source !== 'microphone';
    button.hidden =
      (source === 'screen' && !canShareScreen()) ||
      view?.mode === 'text' ||
      view?.role === 'observer' ||
      (isPicture && view?.mode === 'audio');
  }

  async #toggle(source: Source): Promise<void> {
    const own = this.#call.tracks.get(source);
    if (source === 'microphone' || source === 'camera') return this.#devices.toggle(source);
    if (own !== undefined) return this.#call.stop('screen');
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: true });
    const track = stream.getVideoTracks()[0];
    if (track === undefined) return;
    track.addEventListener('ended', () => void this.#call.stop('screen'));
    await this.#call.send('screen', track);
  }

  #try(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.notice(error instanceof Error ? error.message : 'That did not work.');
    });
  }
}

/** Browsers of phones can not. */
function canShareScreen(): boolean {
  return typeof Reflect.get(Object(navigator.mediaDevices), 'getDisplayMedia') === 'function';
}
