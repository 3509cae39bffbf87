import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { Logger } from 'pino';
import type { AuthSettings } from '../../config/types.ts';
import type { KeyRing } from '../../crypto/key-ring.ts';
import { openListener } from '../../db/listener.ts';
import type { Listener } from '../../db/listener.ts';
import { findAccessFacts, findForeignFacts } from '../../db/tokens.ts';
import type { AccessFacts } from '../../db/tokens.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { UNKNOWN_CLINIC } from '../access/principal.ts';
import type { Principal } from '../access/principal.ts';
import { BoundedCache } from './bounded-cache.ts';
import { createTokenVerifier } from './token-verifier.ts';
import type { VerifiedToken, VerifyToken } from './token-verifier.ts';

export interface Authenticator {
  /**
   * Who presents the token, with the rights that the database gives now. Throws `unauthenticated`,
   * `token_expired`, `forbidden` for a suspended person, `dependency_unavailable`.
   */
  authenticate(token: string): Promise<Principal>;
  /**
   * Who cries for help: a token that ended within the last day will do, and the rights that were
   * known last while the database doesn't answer. Throws as {@link Authenticator.authenticate}.
   */
  authenticateForHelp(token: string): Promise<Principal>;
  /** Forgets a family in this process at once; other processes hear of it through the database. */
  forgetFamily(familyId: string): void;
  /** Told of every change of rights: `family:<id>`, `person:<id>`, or null when some may have been missed. */
  onChange(listener: (subject: string | null) => void): void;
  close(): Promise<void>;
}

export interface AuthenticatorOptions {
  readonly knex: Knex;
  /** The pool for cries for help. */
  readonly crisisKnex: Knex;
  readonly databaseUrl: string;
  readonly keyRing: KeyRing;
  readonly publicUrl: string;
  readonly auth: Pick<AuthSettings, 'sharedSecret' | 'trustedIssuers'>;
  readonly log: Logger;
}

interface Holder {
  personId: string | null;
  readonly facts: Promise<AccessFacts | null>;
}

const MAX_TOKENS = 5_000;
const MAX_HOLDERS = 10_000;
/** A signature is checked again after this time, so that a key that was withdrawn stops working. */
const SIGNATURE_TTL_MS = 60_000;
/** Rights are read again after this time even when no change was announced. */
const FACTS_TTL_MS = 60_000;
/** For so long after its end, a token still says whose cry for help it is. */
const HELP_GRACE_MS = 24 * 3_600_000;
/** A cry for help doesn't wait longer for the database than this. */
const HELP_WAIT_MS = 1_500;

/** Authenticates without a query where the token was seen before and no change was announced since. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  return new CachingAuthenticator(options);
}

class CachingAuthenticator implements Authenticator {
  readonly #knex: Knex;
  readonly #crisisKnex: Knex;
  readonly #verify: VerifyToken;
  readonly #verified = new BoundedCache<VerifiedToken>(MAX_TOKENS, SIGNATURE_TTL_MS);
  readonly #holders = new BoundedCache<Holder>(MAX_HOLDERS, FACTS_TTL_MS);
  readonly #lastKnown = new BoundedCache<AccessFacts>(MAX_HOLDERS, HELP_GRACE_MS);
  readonly #listeners = new Set<(subject: string | null) => void>();
  readonly #feed: Listener;

  constructor(options: AuthenticatorOptions) {
    this.#knex = options.knex;
    this.#crisisKnex = options.crisisKnex;
    this.#verify = createTokenVerifier(options);
    this.#feed = openListener({
      databaseUrl: options.databaseUrl,
      applicationName: 'holdfast-access',
      channel: 'holdfast_access',
      onNotice: (subject) => this.#forget(subject),
      onGap: () => {
        this.#holders.clear();
        for (const listener of this.#listeners) listener(null);
      },
      onLoss: () => options.log.warn('changes of rights are not heard; asking each time'),
    });
  }

  async authenticate(token: string): Promise<Principal> {
    const verified = await this.#verifiedToken(token);
    if (verified.expiresAt <= Date.now()) {
      throw new HoldfastError('token_expired', 'The token has expired');
    }
    return admitted(await this.#factsOf(verified), verified);
  }

  async authenticateForHelp(token: string): Promise<Principal> {
    const verified = await this.#verifiedToken(token, HELP_GRACE_MS / 1_000);
    if (verified.expiresAt + HELP_GRACE_MS <= Date.now()) {
      throw new HoldfastError('token_expired', 'The token has expired');
    }
    const lastKnown = this.#lastKnown.get(holderName(verified));
    const stopgap = lastKnown ?? factsOfStranger(verified);
    const known = this.#feed.isLive ? this.#holders.get(holderName(verified)) : undefined;
    const asked = known?.facts ?? this.#loadFacts(verified, this.#crisisKnex);
    if (stopgap === null) return admitted(await asked, verified);
    const patience = sleep(HELP_WAIT_MS, stopgap, { ref: false });
    const facts = await Promise.race([asked.catch(() => stopgap), patience]);
    return admitted(facts, verified);
  }

  onChange(listener: (subject: string | null) => void): void {
    this.#listeners.add(listener);
  }

  forgetFamily(familyId: string): void {
    this.#forget(`family:${familyId}`);
  }

  close(): Promise<void> {
    return this.#feed.close();
  }

  async #verifiedToken(token: string, graceSeconds?: number): Promise<VerifiedToken> {
    const name = createHash('sha256').update(token).digest('base64');
    const known = this.#verified.get(name);
    if (known !== undefined) return known;
    const verified = await this.#verify(token, graceSeconds);
    this.#verified.set(name, verified);
    return verified;
  }

  #factsOf(token: VerifiedToken): Promise<AccessFacts | null> {
    if (!this.#feed.isLive) return this.#loadFacts(token);
    const name = holderName(token);
    const known = this.#holders.get(name);
    if (known !== undefined) return known.facts;
    // Cached before it is there: a change that is announced meanwhile then drops it.
    const holder: Holder = {
      personId: token.kind === 'own' ? token.personId : null,
      facts: this.#loadFacts(token),
    };
    this.#holders.set(name, holder);
    holder.facts.then(
      (facts) => {
        // A subject may be linked at any moment, which nobody announces.
        if (facts === null) this.#holders.delete(name);
        else holder.personId = facts.personId;
      },
      () => this.#holders.delete(name),
    );
    return holder.facts;
  }

  async #loadFacts(token: VerifiedToken, knex = this.#knex): Promise<AccessFacts | null> {
    const facts =
      token.kind === 'own'
        ? await findAccessFacts(knex, token.personId, token.familyId)
        : await findForeignFacts(knex, token.issuer, token.subject);
    if (facts === null) this.#lastKnown.delete(holderName(token));
    else this.#lastKnown.set(holderName(token), facts);
    return facts;
  }

  #forget(subject: string): void {
    const [kind, id = ''] = subject.split(':');
    if (kind === 'family') {
      this.#holders.delete(subject);
      this.#lastKnown.delete(subject);
    } else {
      // A holder whose person isn't known yet may be this one.
      this.#holders.deleteWhere(({ personId }) => personId === id || personId === null);
      this.#lastKnown.deleteWhere(({ personId }) => personId === id);
    }
    for (const listener of this.#listeners) listener(subject);
  }
}

/** Our own tokens share their family's entry; a foreign subject has one. */
function holderName(token: VerifiedToken): string {
  return token.kind === 'own'
    ? `family:${token.familyId}`
    : `foreign:${token.issuer} ${token.subject}`;
}

/**
 * What a token of our own says by itself, for a cry for help while the database is away: who it is.
 * Null for a foreign issuer's, whose subject only the database knows.
 */
function factsOfStranger(token: VerifiedToken): AccessFacts | null {
  if (token.kind === 'foreign') return null;
  const rights = { isVerified: false, hasVerifiedProfile: false, isAnonymous: false };
  const standing = { isSuspended: false, isFamilyDead: false };
  const { personId } = token;
  return { personId, clinicId: UNKNOWN_CLINIC, role: 'patient', ...rights, ...standing };
}

/** Throws `unauthenticated` and, for a suspended person, `forbidden`. */
function admitted(facts: AccessFacts | null, token: VerifiedToken): Principal {
  if (facts === null || facts.isFamilyDead) {
    throw new HoldfastError('unauthenticated', 'The token is no longer valid');
  }
  if (facts.isSuspended) throw new HoldfastError('forbidden', 'This account is suspended');
  return principalOf(facts, token);
}

function principalOf(facts: AccessFacts, token: VerifiedToken): Principal {
  const isHelper = facts.role === 'peer' || facts.role === 'counselor';
  return {
    personId: facts.personId,
    clinicId: facts.clinicId,
    role: facts.role,
    familyId: token.kind === 'own' ? token.familyId : null,
    isVerifiedHelper: isHelper && facts.isVerified,
    isVerifiedTherapist: facts.role === 'counselor' && facts.hasVerifiedProfile,
    isAnonymous: facts.isAnonymous,
    expiresAt: token.expiresAt,
  };
}
