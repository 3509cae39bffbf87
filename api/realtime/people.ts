import type { Knex } from 'knex';
import { findPersonCards } from '../../db/person-cards.ts';
import type { PersonCard } from '../../db/person-cards.ts';
import { BoundedCache } from '../auth/bounded-cache.ts';
import { publishedRole } from '../support/dialect-people.ts';

const MAX_CARDS = 5_000;
/** A changed name shows after this time at the latest. */
const CARD_TTL_MS = 30_000;

/** By what name a patient goes who asked for help anonymously. */
export const ANONYMOUS = 'anonymous';

/** Names of people, read once for all sockets of this process. */
export class People {
  readonly #knex: Knex;
  readonly #cards = new BoundedCache<PersonCard>(MAX_CARDS, CARD_TTL_MS);

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /** The cards of those who exist, by id. */
  async cardsOf(personIds: readonly string[]): Promise<ReadonlyMap<string, PersonCard>> {
    const known = new Map<string, PersonCard>();
    const unknown = new Set<string>();
    for (const id of personIds) {
      const card = this.#cards.get(id);
      if (card === undefined) unknown.add(id);
      else known.set(id, card);
    }
    const found = unknown.size === 0 ? [] : await findPersonCards(this.#knex, [...unknown]);
    for (const card of found) {
      this.#cards.set(card.id, card);
      known.set(card.id, card);
    }
    return known;
  }

  async cardOf(personId: string): Promise<PersonCard | null> {
    return (await this.cardsOf([personId])).get(personId) ?? null;
  }
}

/** Whoever has no name of their own, and whoever keeps it, is anonymous. */
export function shownName(card: PersonCard | null | undefined, isHidden: boolean): string {
  return isHidden ? ANONYMOUS : (card?.username ?? ANONYMOUS);
}

/** The published `user` of somebody who comes into a session. */
export function shownUser(
  personId: string,
  card: PersonCard | null | undefined,
  isHidden: boolean,
): Record<string, unknown> {
  return {
    _id: personId,
    username: shownName(card, isHidden),
    role: card === null || card === undefined ? 'patient' : publishedRole(card),
    profile: isHidden || card === null || card === undefined ? {} : { firstName: card.firstName },
  };
}
