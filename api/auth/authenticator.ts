import type { Principal } from '../access/principal.ts';

export interface Authenticator {
  /** Who presents the token. Throws `unauthenticated` or `token_expired`. */
  authenticate(token: string): Promise<Principal>;
  close(): Promise<void>;
}
