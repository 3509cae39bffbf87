import type { SessionRow } from '../../db/sessions.ts';
import type { NoticeKind } from './contract.ts';

/** How the keys of all notices of a kind begin: of a session, or of one member's seat in it. */
export function noticeKey(
  { id, enrolment_id }: Pick<SessionRow, 'id' | 'enrolment_id'>,
  kind: NoticeKind,
): string {
  return `notice:${enrolment_id ?? id}:${kind}:`;
}
