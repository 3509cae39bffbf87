import type { Knex } from 'knex';
import { findPersonCards } from '../../db/person-cards.ts';
import type { PersonCard } from '../../db/person-cards.ts';
import { patientAlias } from '../../domain/support-session.ts';
import { BoundedCache } from '../auth/bounded-cache.ts';
import { publishedRole } from '../support/dialect-people.ts';

const MAX_CARDS = 5_000;
/** A changed name shows after this time at the latest. */
const CARD_TTL_MS = 30_000;

const ANONYMOUS = 'anonymous';

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

/** As a helper's or patient's card says; somebody without an account has no name of their own. */
export function shownName(card: PersonCard | null | undefined): string {
  return card?.username ?? ANONYMOUS;
}

/** Somebody in a session as others may know them. */
export interface ShownPerson {
  readonly userId: string;
  readonly username: string;
  readonly role: string;
  readonly profile: Readonly<Record<string, string>>;
}

/** `aliasIn` is the session in which they go by an alias alone. */
export function shownPerson(
  personId: string,
  card: PersonCard | null | undefined,
  aliasIn: string | null,
): ShownPerson {
  const role = card === null || card === undefined ? 'patient' : publishedRole(card);
  if (aliasIn !== null) {
    const { id, username } = patientAlias(aliasIn);
    return { userId: id, username, role, profile: {} };
  }
  const profile = card === null || card === undefined ? {} : { firstName: card.firstName };
  return { userId: personId, username: shownName(card), role, profile };
}
