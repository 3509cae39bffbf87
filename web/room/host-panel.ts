import type { Call, Person } from './call.ts';
import { el } from './dom.ts';

/** What hosts and co-hosts have beside the room: who waits, who may what, and breakouts. */
export class HostPanel {
  readonly element = el('section', { class: 'panel', 'aria-label': 'Host' });
  readonly #call: Call;
  readonly #say: (text: string) => void;
  #shown = '';

  constructor(call: Call, say: (text: string) => void) {
    this.#call = call;
    this.#say = say;
  }

  update(): void {
    const { view, people, waiting } = this.#call;
    const isHost = view?.role === 'host' || view?.role === 'co_host';
    this.element.hidden = !isHost;
    if (!isHost) return;
    // What has not changed is not made anew: the keyboard's focus stays where it is.
    const state = JSON.stringify([[...people.values()], [...waiting.values()], view]);
    if (state === this.#shown) return;
    this.#shown = state;
    const { isLocked = false, breakouts = [] } = view;
    this.element.replaceChildren(
      el('h2', {}, 'Waiting'),
      ...[...waiting.values()].map((each) => this.#waiting(each)),
      el('h2', {}, 'In the room'),
      ...[...people.values()].map((each) => this.#person(each)),
      el(
        'div',
        { class: 'row' },
        this.#button(isLocked ? 'Unlock the room' : 'Lock the room', 'lock', {
          isLocked: !isLocked,
        }),
        breakouts.length === 0 ? this.#split() : this.#button('End breakouts', 'close-breakouts'),
        this.#announce(),
        this.#button('Help, silently', 'panic'),
        this.#button('End for everybody', 'end'),
      ),
      ...breakouts.map(({ id, name }) => this.#visit(id, name)),
    );
  }

  #waiting({ personId, name }: Person): HTMLElement {
    return el(
      'div',
      { class: 'row' },
      el('span', {}, name),
      this.#button('Let in', 'admit', { personId }),
      this.#button('Turn away', 'deny', { personId }),
    );
  }

  #person({ personId, name, role }: Person): HTMLElement {
    const isOwnRoom = this.#call.view?.role === 'host';
    const promotion = role === 'co_host' ? 'participant' : 'co_host';
    return el(
      'div',
      { class: 'row' },
      el('span', {}, role === 'participant' ? name : `${name} (${role.replace('_', '-')})`),
      this.#button('Ask to mute', 'mute', { personId }),
      isOwnRoom && role !== 'host'
        ? this.#button(promotion === 'co_host' ? 'Make co-host' : 'No co-host', 'promote', {
            personId,
            role: promotion,
          })
        : null,
      this.#button('Remove', 'remove', { personId }),
    );
  }

  /** Everybody but the host, evenly, into two rooms for ten minutes. */
  #split(): HTMLElement {
    return this.#act('Two breakout rooms', () => {
      const ids = [...this.#call.people.values()]
        .filter(({ role }) => role === 'participant')
        .map(({ personId }) => personId);
      const half = Math.ceil(ids.length / 2);
      const rooms = [
        { name: 'Room 1', personIds: ids.slice(0, half) },
        { name: 'Room 2', personIds: ids.slice(half) },
      ];
      return this.#call.ask('create-breakouts', { rooms, durationMinutes: 10 });
    });
  }

  #visit(breakoutId: string, name: string): HTMLElement {
    const { view } = this.#call;
    const isThere = view?.breakout?.id === breakoutId;
    const target = { personId: view?.personId ?? '', breakoutId: isThere ? null : breakoutId };
    const label = isThere ? `Leave ${name}` : `Visit ${name}`;
    return el('div', { class: 'row' }, this.#button(label, 'assign-breakout', target));
  }

  #announce(): HTMLElement {
    return this.#act('Tell everybody', async () => {
      const text = window.prompt('What shall everybody read, in every room?')?.trim() ?? '';
      if (text !== '') await this.#call.ask('broadcast', { text });
    });
  }

  #button(label: string, event: string, body: object = {}): HTMLElement {
    return this.#act(label, () => this.#call.ask(event, body));
  }

  #act(label: string, act: () => Promise<void>): HTMLElement {
    const button = el('button', { type: 'button' }, label);
    button.addEventListener('click', () => {
      act().catch((error: unknown) => {
        this.#say(error instanceof Error ? error.message : 'That did not work.');
      });
    });
    return button;
  }
}
