import { BreakoutPanel } from './breakout-panel.ts';
import type { Call } from './call.ts';
import { el } from './dom.ts';
import type { Person } from './room-view.ts';

/** What hosts and co-hosts have beside the room: who waits, who may what, and breakouts. */
export class HostPanel {
  readonly element = el('section', { class: 'panel', 'aria-label': 'Host' });
  readonly #call: Call;
  readonly #say: (text: string) => void;
  readonly #unsay: (text: string) => void;
  readonly #breakouts: BreakoutPanel;
  readonly #announced = new Map<string, string>();
  #shown = '';

  /** What `say` has said is true until it is taken back by `unsay`. */
  constructor(call: Call, say: (text: string) => void, unsay: (text: string) => void) {
    this.#call = call;
    this.#say = say;
    this.#unsay = unsay;
    this.#breakouts = new BreakoutPanel(call, {
      act: (work) => this.#do(work),
      changed: () => this.update(),
    });
  }

  update(): void {
    const { view, everybody, waiting } = this.#call;
    const isHost = view?.role === 'host' || view?.role === 'co_host';
    this.element.hidden = !isHost;
    if (!isHost) return;
    this.#announceWaiting();
    // What has not changed is not made anew.
    const people = [...everybody.values()].filter(({ personId }) => personId !== view.personId);
    const known = [people, [...waiting.values()], view, this.#breakouts.state];
    const state = JSON.stringify(known);
    if (state === this.#shown) return;
    this.#shown = state;
    this.#keepingFocus(() => this.#show(people, view.isLocked ?? false));
  }

  #show(people: readonly Person[], isLocked: boolean): void {
    this.element.replaceChildren(
      el('h2', {}, 'Waiting'),
      ...[...this.#call.waiting.values()].map((each) => this.#waiting(each)),
      el('h2', {}, 'In the room'),
      ...people.map((each) => this.#person(each)),
      el(
        'div',
        { class: 'row' },
        this.#button(isLocked ? 'Unlock the room' : 'Lock the room', 'lock', {
          isLocked: !isLocked,
        }),
        this.#tellAll(),
        this.#help(),
        this.#certain('End for everybody', 'End the session for everybody?', 'end'),
      ),
      ...this.#breakouts.elements(),
    );
  }

  /** The keyboard stays where it is when something changes around it. */
  #keepingFocus(show: () => void): void {
    const active = document.activeElement;
    const isHere = active instanceof HTMLElement && this.element.contains(active);
    const key = isHere ? active.dataset['key'] : undefined;
    show();
    if (!isHere) return;
    const all = [...this.element.querySelectorAll<HTMLElement>('[data-key]')];
    (all.find(({ dataset }) => dataset['key'] === key) ?? all[0])?.focus();
  }

  #announceWaiting(): void {
    const { waiting } = this.#call;
    for (const [id, text] of this.#announced) {
      if (waiting.has(id)) continue;
      this.#announced.delete(id);
      this.#unsay(text);
    }
    for (const { personId, name } of waiting.values()) {
      if (this.#announced.has(personId)) continue;
      const text = `${name} waits to be let in.`;
      this.#announced.set(personId, text);
      this.#say(text);
    }
  }

  #waiting({ personId, name }: Person): HTMLElement {
    return el(
      'div',
      { class: 'row' },
      el('span', {}, name),
      this.#button('Let in', 'admit', { personId }, name),
      this.#button('Turn away', 'deny', { personId }, name),
    );
  }

  #person({ personId, name, role }: Person): HTMLElement {
    const isOwnRoom = this.#call.view?.role === 'host';
    const promotion = role === 'co_host' ? 'participant' : 'co_host';
    const label = promotion === 'co_host' ? 'Make co-host' : 'No co-host';
    const removing = `Remove ${name}? They can not come back.`;
    return el(
      'div',
      { class: 'row' },
      el('span', {}, role === 'participant' ? name : `${name} (${role.replace('_', '-')})`),
      this.#button('Ask to mute', 'mute', { personId }, name),
      isOwnRoom && role !== 'host'
        ? this.#button(label, 'promote', { personId, role: promotion }, name)
        : null,
      role === 'host' ? null : this.#certain('Remove', removing, 'remove', { personId }, name),
    );
  }

  #tellAll(): HTMLElement {
    return this.#act('Tell everybody', async () => {
      const text = window.prompt('What shall everybody read, in every room?')?.trim() ?? '';
      if (text !== '') await this.#call.ask('broadcast', { text });
    });
  }

  /** What it is called and answers alarms nobody who looks over a shoulder, or at a shared screen. */
  #help(): HTMLElement {
    const call = async (): Promise<void> => {
      const isHeard = await this.#call.callForHelp();
      this.#say(isHeard ? 'Done.' : 'Not through yet. It is tried again and again.');
    };
    return this.#act('Call a colleague', call, 'nobody in the room is told');
  }

  #certain(
    label: string,
    question: string,
    event: string,
    body: object = {},
    whom = '',
  ): HTMLElement {
    const ask = async (): Promise<void> => {
      if (window.confirm(question)) await this.#call.ask(event, body);
    };
    return this.#act(label, ask, whom);
  }

  #button(label: string, event: string, body: object = {}, whom = ''): HTMLElement {
    return this.#act(label, () => this.#call.ask(event, body), whom);
  }

  /** `whom` it is about is for those who hear the page: they hear one button at a time. */
  #act(label: string, act: () => Promise<void>, whom = ''): HTMLElement {
    const name = whom === '' ? label : `${label}: ${whom}`;
    const props = { type: 'button', 'data-key': name, 'aria-label': whom === '' ? null : name };
    const button = el('button', props, label);
    button.addEventListener('click', () => this.#do(act()));
    return button;
  }

  #do(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#say(error instanceof Error ? error.message : 'That did not work.');
    });
  }
}
