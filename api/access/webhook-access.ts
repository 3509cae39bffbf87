import type { Principal } from './principal.ts';
import type { Verdict } from './session-access.ts';

/** Webhooks send a clinic's appointments elsewhere: they are its admins' alone. */
export function mayHaveWebhooks({ role }: Principal): Verdict {
  return role === 'admin' ? 'allowed' : 'forbidden';
}

/** One webhook or delivery, by the clinic that it belongs to; null where there is none. */
export function mayManageWebhook(principal: Principal, clinicId: string | null): Verdict {
  if (principal.role !== 'admin') return 'forbidden';
  return clinicId === principal.clinicId ? 'allowed' : 'hidden';
}
