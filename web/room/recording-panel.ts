import type { Call } from './call.ts';
import { el } from './dom.ts';
import type { RecordingView } from './room-view.ts';

/** Whether the room is recorded, for everybody to see; who is asked agrees or does not, here. */
export class RecordingPanel {
  readonly element = el('section', { class: 'row', 'aria-label': 'Recording' });
  readonly #call: Call;
  readonly #say: (text: string) => void;
  readonly #status = el('p', { role: 'status', class: 'recording' });
  readonly #record = el('button', { type: 'button' });
  readonly #withdraw = el('button', { type: 'button' }, 'Take back my consent');
  readonly #question: HTMLDialogElement;
  /** Asked once for each recording; whoever closes the question has not agreed. */
  #isAsked = false;

  constructor(call: Call, say: (text: string) => void) {
    this.#call = call;
    this.#say = say;
    this.#question = this.#ask();
    this.#record.addEventListener('click', () => this.#try(this.#toggle()));
    this.#withdraw.addEventListener('click', () => this.#try(this.#consent(false)));
    this.element.append(this.#status, this.#record, this.#withdraw, this.#question);
  }

  update(): void {
    const { view } = this.#call;
    const recording = view?.recording;
    const isHost = view?.role === 'host' || view?.role === 'co_host';
    this.element.hidden = recording?.isEnabled !== true;
    if (recording === undefined) return;
    const { state, isAvailable, consent } = recording;
    const words = wordsOf(recording);
    // Said again only when it is something new: a screen reader reads each change.
    if (this.#status.textContent !== words) this.#status.textContent = words;
    this.#status.classList.toggle('on', state === 'on');
    this.#record.textContent = state === 'off' ? 'Record' : 'Stop recording';
    this.#record.hidden = !isHost || !isAvailable;
    this.#withdraw.hidden = state === 'off' || consent !== true;
    if (state === 'off') this.#isAsked = false;
    const isOpen = state !== 'off' && consent !== true && !this.#isAsked;
    if (isOpen && !this.#question.open && this.element.isConnected) this.#question.showModal();
    if (!isOpen && this.#question.open) this.#question.close();
  }

  #ask(): HTMLDialogElement {
    const agree = el('button', { type: 'button', class: 'main' }, 'I agree');
    const refuse = el('button', { type: 'button' }, 'I do not agree');
    const title = el('h2', { id: 'recording-question' }, 'May this session be recorded?');
    const dialog = el(
      'dialog',
      { 'aria-labelledby': 'recording-question' },
      title,
      el('p', {}, 'Nothing is recorded until everybody agrees. You can take it back at any time.'),
      el('div', { class: 'bar' }, agree, refuse),
    );
    const answer = (consents: boolean): void => {
      this.#isAsked = true;
      dialog.close();
      this.#try(this.#consent(consents));
    };
    agree.addEventListener('click', () => answer(true));
    refuse.addEventListener('click', () => answer(false));
    dialog.addEventListener('cancel', () => {
      this.#isAsked = true;
    });
    return dialog;
  }

  /** A host who wants it agrees to it. */
  async #toggle(): Promise<void> {
    if (this.#call.view?.recording?.state !== 'off') return this.#call.ask('stop-recording');
    if (this.#call.view.recording.consent !== true) await this.#consent(true);
    await this.#call.ask('start-recording');
  }

  #consent(consents: boolean): Promise<void> {
    return this.#call.ask('consent-to-recording', { consents });
  }

  #try(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#say(error instanceof Error ? error.message : 'That did not work.');
    });
  }
}

function wordsOf({ state, missingConsents, endedBy }: RecordingView): string {
  if (state === 'on') return 'Recording';
  if (state === 'waiting') {
    const who = missingConsents === 1 ? 'one person has' : `${missingConsents} people have`;
    return `Not recording yet: ${who} not agreed.`;
  }
  return endedBy === null ? '' : 'The recording has ended: a consent was taken back.';
}
