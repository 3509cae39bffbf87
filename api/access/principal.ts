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

/** The clinic of somebody whom only the database could have placed, while it did not answer. */
export const UNKNOWN_CLINIC = '00000000-0000-0000-0000-000000000000';

export function knownClinic({ clinicId }: Principal): string | null {
  return clinicId === UNKNOWN_CLINIC ? null : clinicId;
}
