import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { translateDatabaseError } from '../../db/database-errors.ts';
import { listClinicIds, listVerifiedPhones } from '../../db/crisis-knowledge.ts';
import { HoldfastError, errorCodeOf } from '../../domain/errors.ts';
import type { KnownContext } from './contract.ts';
import { readKnownContext } from './known-context.ts';

/**
 * What this process knows of who can be paged and how, kept fresh while PostgreSQL answers and used
 * as it was when it does not.
 */
export interface Knowledge {
  /** A clinic's, as fresh as can be had within a moment. Throws when it was never known. */
  contextOf(clinicId: string): Promise<KnownContext>;
  /** The clinic where only one is known; null otherwise. */
  onlyClinic(): string | null;
  phoneOf(personId: string): string | null;
  /** The result of asking PostgreSQL, or null when it doesn't answer. It is not asked twice in a row then. */
  ask<T>(question: () => Promise<T>): Promise<T | null>;
  close(): Promise<void>;
}

export interface KnowledgeOptions {
  readonly refreshMs?: number;
  readonly onFault?: (error: unknown) => void;
}

const REFRESH_MS = 30_000;
/** Who waits for a page does not wait longer for the database. */
const PATIENCE_MS = 1_500;
/** After a silence, so long passes before it is asked again. */
const SILENT_MS = 1_000;

export function openKnowledge(knex: Knex, options: KnowledgeOptions = {}): Knowledge {
  return new KeptKnowledge(knex, options);
}

class KeptKnowledge implements Knowledge {
  readonly #knex: Knex;
  readonly #onFault: (error: unknown) => void;
  readonly #contexts = new Map<string, KnownContext>();
  readonly #stopping = new AbortController();
  readonly #refreshing: Promise<void>;
  #phones = new Map<string, string>();
  #silentUntilMs = 0;

  constructor(knex: Knex, { refreshMs = REFRESH_MS, onFault = () => undefined }: KnowledgeOptions) {
    this.#knex = knex;
    this.#onFault = onFault;
    this.#refreshing = this.#keepFresh(refreshMs);
  }

  async contextOf(clinicId: string): Promise<KnownContext> {
    const fresh = await this.ask(() => this.#read(clinicId));
    const known = fresh ?? this.#contexts.get(clinicId);
    if (known !== undefined) return known;
    throw new HoldfastError('dependency_unavailable', 'Nobody on call is known yet');
  }

  onlyClinic(): string | null {
    const [only, ...others] = this.#contexts.keys();
    return others.length === 0 ? (only ?? null) : null;
  }

  phoneOf(personId: string): string | null {
    return this.#phones.get(personId) ?? null;
  }

  async ask<T>(question: () => Promise<T>): Promise<T | null> {
    if (performance.now() < this.#silentUntilMs) return null;
    const asked = question();
    asked.catch(() => undefined);
    const patience = new AbortController();
    try {
      const late = sleep(PATIENCE_MS, undefined, { signal: patience.signal }).then(() => {
        throw new HoldfastError('dependency_unavailable', 'The database is silent');
      });
      late.catch(() => undefined);
      return await Promise.race([asked, late]);
    } catch (error) {
      const isSilent = errorCodeOf(translateDatabaseError(error)) === 'dependency_unavailable';
      if (isSilent) this.#silentUntilMs = performance.now() + SILENT_MS;
      this.#onFault(error);
      return null;
    } finally {
      patience.abort();
    }
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#refreshing;
  }

  async #read(clinicId: string): Promise<KnownContext> {
    const known = await readKnownContext(this.#knex, clinicId);
    this.#contexts.set(clinicId, known);
    return known;
  }

  async #keepFresh(refreshMs: number): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#refresh().catch(this.#onFault);
      await sleep(refreshMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  async #refresh(): Promise<void> {
    for (const clinicId of await listClinicIds(this.#knex)) await this.#read(clinicId);
    this.#phones = await listVerifiedPhones(this.#knex);
  }
}
