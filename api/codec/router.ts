import express from 'express';
import type { NextFunction, Request, Response, Router } from 'express';
import type { Payload } from '@temporalio/common';
import type { KeyRing } from '../../crypto/key-ring.ts';
import { EncryptionCodec } from '../../crypto/payload-codec.ts';
import { ERROR_RULES, errorCodeOf } from '../../domain/errors.ts';
import {
  allowOrigin,
  answerError,
  retryAfterSecondsOf,
  sameOriginOnly,
  strictPage,
} from './guards.ts';
import { loginPage, signedInPage } from './page.ts';
import { SESSION_TTL_MS, openSession, sealSession } from './session.ts';
import type { CodecPerson } from './session.ts';
import { payloadsOf, toWire } from './wire.ts';

export type { CodecPerson } from './session.ts';

/** One use of the endpoint, as it is to be recorded. */
export interface CodecUse {
  readonly operation: 'login' | 'decode' | 'encode';
  readonly outcome: 'allowed' | 'denied';
  /** Null for someone who is not signed in. */
  readonly person: CodecPerson | null;
  readonly payloads: number;
  /** As the UI says; empty where it doesn't. Text from outside. */
  readonly namespace: string;
}

export interface CodecRouterOptions {
  readonly keyRing: KeyRing;
  /** Where Temporal UI is served, such as `http://localhost:8233`. */
  readonly uiOrigin: string;
  /** The person, whatever their role; null for a wrong pair. May throw `rate_limited`, `account_locked`. */
  authenticate(email: string, password: string, address: string): Promise<CodecPerson | null>;
  /** The holder of an access token, for a UI that passes its own; without it only cookies count. */
  authenticateToken?(token: string): Promise<CodecPerson | null>;
  /** Whether someone who signed in up to eight hours ago still may; without it the cookie decides. */
  isStillAllowed?(person: CodecPerson): Promise<boolean>;
  /** Records a use before it is answered; what can't be recorded is not decrypted. */
  audit(use: CodecUse): Promise<void>;
}

const COOKIE = 'holdfast_codec';
const READER_ROLES = ['admin', 'staff'];
const MAX_BODY = '16mb';

/**
 * The remote codec of Temporal UI, to be mounted at `/codec` before any other body parser:
 * `POST decode` and `encode` for staff and admins, who sign in at `login`.
 */
export function createCodecRouter(options: CodecRouterOptions): Router {
  const door = new CodecDoor(options);
  const router = express.Router();
  const cors = allowOrigin(options.uiOrigin);
  const json = express.json({ limit: MAX_BODY });
  const form = express.urlencoded({ extended: false, limit: '8kb', parameterLimit: 10 });
  router.options(['/decode', '/encode'], cors);
  router.post('/decode', cors, door.admit('decode'), json, door.decode);
  router.post('/encode', cors, door.admit('encode'), json, door.encode);
  router.get('/login', door.showLogin);
  router.post('/login', sameOriginOnly, form, door.login);
  router.post('/logout', sameOriginOnly, door.logout);
  router.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) next(error);
    else answerError(error, response);
  });
  return router;
}

class CodecDoor {
  readonly #options: CodecRouterOptions;
  readonly #codec: EncryptionCodec;

  constructor(options: CodecRouterOptions) {
    this.#options = options;
    this.#codec = new EncryptionCodec(options.keyRing);
  }

  readonly admit = (operation: 'decode' | 'encode') => {
    return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
      const person = await this.#personOf(request);
      if (person !== null && READER_ROLES.includes(person.role)) {
        response.locals['codecPerson'] = person;
        next();
        return;
      }
      const namespace = request.get('x-namespace') ?? '';
      await this.#options.audit({ operation, outcome: 'denied', person, payloads: 0, namespace });
      const code = person === null ? 'unauthenticated' : 'forbidden';
      const message = 'Sign in at /codec/login, and let the UI send cross-origin credentials';
      response.status(ERROR_RULES[code].status).json({ code, message });
    };
  };

  readonly decode = async (request: Request, response: Response): Promise<void> => {
    const payloads = payloadsOf(request.body);
    await this.#record('decode', request, response, payloads.length);
    const decoded = await Promise.all(payloads.map((payload) => this.#decodeOne(payload)));
    response.set('Cache-Control', 'no-store').json({ payloads: decoded.map(toWire) });
  };

  readonly encode = async (request: Request, response: Response): Promise<void> => {
    const payloads = payloadsOf(request.body);
    await this.#record('encode', request, response, payloads.length);
    response.json({ payloads: (await this.#codec.encode(payloads)).map(toWire) });
  };

  readonly showLogin = async (request: Request, response: Response): Promise<void> => {
    const person = await this.#personOf(request);
    const nonce = strictPage(response);
    const html =
      person === null ? loginPage(nonce, null) : signedInPage(nonce, this.#options.uiOrigin);
    response.type('html').send(html);
  };

  readonly login = async (request: Request, response: Response): Promise<void> => {
    const { email, password } = (request.body ?? {}) as Record<string, unknown>;
    let person: CodecPerson | null = null;
    if (typeof email === 'string' && typeof password === 'string') {
      try {
        person = await this.#options.authenticate(email, password, request.ip ?? '');
      } catch (error) {
        return this.#refuseLogin(response, error);
      }
    }
    const isReader = person !== null && READER_ROLES.includes(person.role);
    const outcome = isReader ? 'allowed' : 'denied';
    await this.#options.audit({ operation: 'login', outcome, person, payloads: 0, namespace: '' });
    if (person === null || !isReader) return this.#refuseLogin(response, null);
    response.cookie(COOKIE, await sealSession(this.#options.keyRing, person), {
      ...cookieScope(request),
      maxAge: SESSION_TTL_MS,
    });
    response.redirect(303, 'login');
  };

  readonly logout = (request: Request, response: Response): void => {
    response.clearCookie(COOKIE, cookieScope(request)).redirect(303, 'login');
  };

  #refuseLogin(response: Response, error: unknown): void {
    const code = error === null ? 'invalid_credentials' : (errorCodeOf(error) ?? 'internal');
    const seconds = retryAfterSecondsOf(error);
    if (seconds !== null) response.set('Retry-After', String(seconds));
    const message =
      ERROR_RULES[code].status === 401
        ? 'These are not the e-mail and password of a staff member or admin.'
        : 'Signing in is not possible right now. Please try again later.';
    const nonce = strictPage(response);
    response.status(ERROR_RULES[code].status).type('html').send(loginPage(nonce, message));
  }

  async #personOf(request: Request): Promise<CodecPerson | null> {
    const token = /^Bearer (.+)$/i.exec(request.get('authorization') ?? '')?.[1];
    if (token !== undefined && this.#options.authenticateToken !== undefined) {
      return this.#options.authenticateToken(token);
    }
    const value = cookieOf(request);
    const person = value === null ? null : await openSession(this.#options.keyRing, value);
    if (person === null || this.#options.isStillAllowed === undefined) return person;
    return (await this.#options.isStillAllowed(person)) ? person : null;
  }

  async #record(
    operation: 'decode' | 'encode',
    request: Request,
    response: Response,
    payloads: number,
  ): Promise<void> {
    const person = response.locals['codecPerson'] as CodecPerson;
    const namespace = request.get('x-namespace') ?? '';
    await this.#options.audit({ operation, outcome: 'allowed', person, payloads, namespace });
  }

  /** A payload whose key is not at hand is shown as it is; the others are still shown in clear. */
  async #decodeOne(payload: Payload): Promise<Payload> {
    try {
      return (await this.#codec.decode([payload]))[0] ?? payload;
    } catch {
      return payload;
    }
  }
}

function cookieScope(request: Request): express.CookieOptions {
  return {
    httpOnly: true,
    sameSite: 'strict',
    secure: request.secure,
    path: request.baseUrl === '' ? '/' : request.baseUrl,
  };
}

function cookieOf(request: Request): string | null {
  const parts = (request.get('cookie') ?? '').split(';').map((part) => part.trim());
  const own = parts.find((part) => part.startsWith(`${COOKIE}=`));
  return own === undefined ? null : own.slice(COOKIE.length + 1);
}
