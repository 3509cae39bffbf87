import type { Call } from './call.ts';
import { el, field } from './dom.ts';

const MOST_ROOMS = 8;
const LONGEST_MINUTES = 240;

/** A choice for whoever uses the panel, remembered between two looks at it. */
export interface PanelWays {
  /** Does it, and says what went wrong. */
  act(work: Promise<void>): void;
  /** The panel has to be shown anew. */
  changed(): void;
}

/** Breakouts for hosts: who goes where, before they open and while they last. */
export class BreakoutPanel {
  readonly #call: Call;
  readonly #ways: PanelWays;
  /** Which room each is to go to, from 0; null stays in the main room. */
  readonly #wishes = new Map<string, number | null>();
  #count = 2;
  #minutes = 10;

  constructor(call: Call, ways: PanelWays) {
    this.#call = call;
    this.#ways = ways;
  }

  /** All that decides how it looks. */
  get state(): unknown {
    return [this.#count, [...this.#wishes]];
  }

  elements(): HTMLElement[] {
    const { breakouts = [] } = this.#call.view ?? {};
    const heading = el('h2', {}, 'Breakout rooms');
    return [heading, ...(breakouts.length === 0 ? this.#plan() : this.#open(breakouts))];
  }

  #plan(): HTMLElement[] {
    const guests = this.#others().filter(({ role }) => role !== 'host');
    const count = this.#select('Number of rooms', String(this.#count), numbersTo(MOST_ROOMS));
    count.addEventListener('change', () => {
      this.#count = Number(count.value);
      this.#ways.changed();
    });
    const minutes = el('input', {
      type: 'number',
      min: '1',
      max: String(LONGEST_MINUTES),
      value: String(this.#minutes),
      'data-key': 'minutes',
    });
    minutes.addEventListener('input', () => {
      this.#minutes = Number(minutes.value);
    });
    const rows = guests.map(({ personId, name }, index) =>
      this.#wish(personId, name, this.#wishOf(personId, index)),
    );
    const begin = el('button', { type: 'button', 'data-key': 'begin' }, 'Open breakout rooms');
    begin.addEventListener('click', () => this.#ways.act(this.#begin()));
    return [
      el('div', { class: 'row' }, field('Rooms', count), field('Minutes', minutes)),
      ...rows,
      el('div', { class: 'row' }, begin),
    ];
  }

  #wish(personId: string, name: string, wish: number | null): HTMLElement {
    const options: [string, string][] = [
      ['', 'Main room'],
      ...numbersTo(this.#count, 1).map(([number]): [string, string] => [
        String(Number(number) - 1),
        `Room ${number}`,
      ]),
    ];
    const select = this.#select(
      `Room for ${name}`,
      wish === null ? '' : String(wish),
      options,
      `wish ${personId}`,
    );
    select.addEventListener('change', () => {
      this.#wishes.set(personId, select.value === '' ? null : Number(select.value));
    });
    return el('div', { class: 'row' }, el('span', {}, name), select);
  }

  /** Without a wish they are spread evenly. */
  #wishOf(personId: string, index: number): number | null {
    const wish = this.#wishes.get(personId);
    if (wish === undefined || (wish !== null && wish >= this.#count)) return index % this.#count;
    return wish;
  }

  async #begin(): Promise<void> {
    const guests = this.#others().filter(({ role }) => role !== 'host');
    const rooms = numbersTo(this.#count, 1).map(([number]) => ({
      name: `Room ${number}`,
      personIds: guests
        .filter(({ personId }, index) => this.#wishOf(personId, index) === Number(number) - 1)
        .map(({ personId }) => personId),
    }));
    const isTimed = this.#minutes >= 1;
    const durationMinutes = Math.min(Math.floor(this.#minutes), LONGEST_MINUTES);
    await this.#call.ask('create-breakouts', { rooms, ...(isTimed ? { durationMinutes } : {}) });
    this.#wishes.clear();
  }

  #open(breakouts: readonly { readonly id: string; readonly name: string }[]): HTMLElement[] {
    const places: [string, string][] = [
      ['', 'Main room'],
      ...breakouts.map(({ id, name }): [string, string] => [id, name]),
    ];
    const { personId: self = '', breakout } = this.#call.view ?? {};
    const here = { personId: self, name: 'you', breakoutId: breakout?.id ?? null };
    const rows = [here, ...this.#others()].map(({ personId, name, breakoutId }) => {
      const label = `Room for ${name}`;
      const select = this.#select(label, breakoutId ?? '', places, `place ${personId}`);
      select.addEventListener('change', () => {
        const target = select.value === '' ? null : select.value;
        this.#ways.act(this.#call.ask('assign-breakout', { personId, breakoutId: target }));
      });
      return el('div', { class: 'row' }, el('span', {}, name === 'you' ? 'You' : name), select);
    });
    const end = el('button', { type: 'button', 'data-key': 'end breakouts' }, 'End breakouts');
    end.addEventListener('click', () => this.#ways.act(this.#call.ask('close-breakouts')));
    return [...rows, el('div', { class: 'row' }, end)];
  }

  #others(): readonly {
    readonly personId: string;
    readonly name: string;
    readonly role: string;
    readonly breakoutId: string | null;
  }[] {
    const self = this.#call.view?.personId;
    return [...this.#call.everybody.values()].filter(({ personId }) => personId !== self);
  }

  #select(
    label: string,
    value: string,
    options: readonly (readonly [string, string])[],
    key = label,
  ): HTMLSelectElement {
    const select = el(
      'select',
      { 'aria-label': label, 'data-key': key },
      ...options.map(([id, name]) => el('option', { value: id }, name)),
    );
    select.value = value;
    return select;
  }
}

function numbersTo(most: number, first = 2): [string, string][] {
  return Array.from({ length: most - first + 1 }, (_, index) => {
    const number = String(first + index);
    return [number, number];
  });
}
