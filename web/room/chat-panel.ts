import type { ChatAge, ChatMessage } from './chat.ts';
import { el } from './dom.ts';

/** What is written, and a place to write. What was written before one came is not read out loud. */
export class ChatPanel {
  readonly element: HTMLElement;
  readonly #earlier = el('ol', { 'aria-label': 'Earlier messages', tabindex: '0' });
  readonly #messages = el('ol', {
    role: 'log',
    'aria-live': 'polite',
    'aria-label': 'Messages',
    tabindex: '0',
  });

  /** `write` resolves when the words have been taken in. */
  constructor(write: (text: string) => Promise<void>) {
    const input = el('input', { maxlength: '2000', 'aria-label': 'Message', autocomplete: 'off' });
    const form = el('form', { class: 'row' }, el('span', {}, input), el('button', {}, 'Send'));
    const fault = el('p', { role: 'alert' });
    let isOnItsWay = false;
    const send = async (): Promise<void> => {
      const { value } = input;
      if (value.trim() === '' || isOnItsWay) return;
      isOnItsWay = true;
      fault.textContent = '';
      try {
        await write(value.trim());
        // What was typed meanwhile is the next message.
        if (input.value.startsWith(value)) input.value = input.value.slice(value.length);
      } catch (error) {
        fault.textContent = notSent(error);
      } finally {
        isOnItsWay = false;
      }
    };
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void send();
    });
    this.#earlier.hidden = true;
    this.element = el(
      'section',
      { class: 'panel chat', 'aria-label': 'Chat' },
      el('h2', {}, 'Chat'),
      this.#earlier,
      this.#messages,
      form,
      fault,
    );
  }

  add({ name, text, at, breakoutId }: ChatMessage, age: ChatAge): void {
    const where = breakoutId === null ? '' : ' (breakout)';
    this.#put(age === 'earlier' ? this.#earlier : this.#messages, { name, text, at, where });
  }

  /** What a host says to everybody, in whichever room. */
  tell(text: string): void {
    this.#put(this.#messages, { name: 'To everybody', text, at: Date.now(), where: '' });
  }

  #put(
    list: HTMLElement,
    line: {
      readonly name: string;
      readonly text: string;
      readonly at: number;
      readonly where: string;
    },
  ): void {
    const { name, text, at, where } = line;
    list.hidden = false;
    const time = new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
    const item = el(
      'li',
      { 'data-at': String(at) },
      el('strong', {}, name),
      ` ${time}${where}: ${text}`,
    );
    // Two paths may bring them in another order than they were written in.
    const after = [...list.children].find((each) => Number(each.getAttribute('data-at')) > at);
    list.insertBefore(item, after ?? null);
    list.scrollTop = list.scrollHeight;
  }
}

function notSent(error: unknown): string {
  const why = error instanceof Error ? error.message : '';
  return `Your message was not sent. ${why}`.trim();
}
