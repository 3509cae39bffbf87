import type { Track } from '../../db/recordings.ts';
import type { SessionRow } from '../../db/sessions.ts';
import type { Principal } from './principal.ts';
import { type Verdict, relationTo } from './session-access.ts';

/**
 * A recording is for its session's host, and, where the installation says so, for those who are in it.
 * Nobody else plays it, whoever runs the clinic.
 */
export function recordingVerdict(
  principal: Principal,
  session: Pick<SessionRow, 'clinic_id' | 'client_id' | 'therapist_id'>,
  tracks: readonly Pick<Track, 'personId'>[],
  isShared: boolean,
): Verdict {
  const relation = relationTo(principal, session);
  if (relation === 'none') return 'hidden';
  if (relation === 'therapist') return 'allowed';
  const isInIt = tracks.some(({ personId }) => personId === principal.personId);
  return isShared && isInIt ? 'allowed' : 'forbidden';
}
