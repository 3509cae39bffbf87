export const ROLES = ['patient', 'peer', 'counselor', 'admin', 'staff'] as const;
export type Role = (typeof ROLES)[number];

/** Who is calling. It comes from the database, never from a token's claims. */
export interface Principal {
  readonly personId: string;
  readonly clinicId: string;
  readonly role: Role;
  /** The family of tokens that this access token belongs to; null for a foreign issuer's token. */
  readonly familyId: string | null;
  /** A peer or counselor whom an admin has verified as a helper. */
  readonly isVerifiedHelper: boolean;
  /** A counselor with a verified therapist's profile. */
  readonly isVerifiedTherapist: boolean;
  /** A patient without an account. */
  readonly isAnonymous: boolean;
  /** When the token ends, epoch ms. */
  readonly expiresAt: number;
}
