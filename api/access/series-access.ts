import type { SeriesRow } from '../../db/models/series.ts';
import type { Principal } from './principal.ts';
import { type SessionRelation, type Verdict, relationTo } from './session-access.ts';

/** How a caller stands to a series: as to its sessions. */
export function relationToSeries(principal: Principal, series: SeriesRow | null): SessionRelation {
  return relationTo(principal, series);
}

/** A client makes series for themselves, a therapist with their clients, staff for anybody. */
export function mayCreateSeries(
  principal: Principal,
  wish: { readonly therapistId: string; readonly clientId: string },
): Verdict {
  const { role, personId } = principal;
  if (role === 'staff' || role === 'admin') return 'allowed';
  if (role === 'patient') return wish.clientId === personId ? 'allowed' : 'forbidden';
  return role === 'counselor' && wish.therapistId === personId ? 'allowed' : 'forbidden';
}

/** Everybody concerned edits a series; only its therapist answers for it. */
export function mayEditSeries(relation: SessionRelation, act: 'edit' | 'answer'): Verdict {
  if (relation === 'none') return 'hidden';
  return act === 'edit' || relation === 'therapist' ? 'allowed' : 'forbidden';
}
