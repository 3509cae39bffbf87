import { findGroupsByIds } from '../../db/groups.ts';
import type { Group } from '../../db/models/group.ts';
import { type MemberRow, isSeat, membersOf } from '../../db/seats.ts';
import type { SessionRow } from '../../db/sessions.ts';
import { SEATED_STATES } from '../../domain/enrolment.ts';
import { displayNames } from '../../domain/group.ts';
import type { SessionStatus } from '../../domain/session.ts';
import { relationTo } from '../access/session-access.ts';
import type { Call } from '../http/handler.ts';
import { statusWord } from './present-session.ts';

type Part = Record<string, unknown>;

/** What a group session has besides what every session has; empty for the others. In order. */
export async function groupParts(call: Call, sessions: readonly SessionRow[]): Promise<Part[]> {
  const { knex } = call.deps;
  const ofGroups = sessions.filter(({ group_id }) => group_id !== null);
  if (ofGroups.length === 0) return sessions.map(() => ({}));
  const [groups, members] = await Promise.all([
    findGroupsByIds(knex, [...new Set(ofGroups.map(({ group_id }) => group_id!))]),
    membersOf(
      knex,
      ofGroups.map(({ id }) => id),
    ),
  ]);
  return sessions.map((session) => {
    const group = groups.get(session.group_id ?? '');
    if (group === undefined) return {};
    const own = members.filter(({ session_id }) => session_id === session.id);
    return groupPart(call, session, group, own);
  });
}

function groupPart(
  call: Call,
  session: SessionRow,
  group: Group,
  members: readonly MemberRow[],
): Part {
  const isSeated = ({ state }: MemberRow): boolean =>
    (SEATED_STATES as readonly string[]).includes(state);
  return {
    group_id: group.id,
    group_theme: group.theme,
    group_guidelines: group.guidelines,
    session_materials: maySee(session) ? group.materials : [],
    max_participants: session.group_terms?.capacity ?? group.capacity,
    current_participants: members.filter(isSeated).length,
    participants: participantsFor(call, session, members),
  };
}

/** Where a member has to stand to be shown the others, and to be shown to them: paid up, not gone. */
const AMONG_THEM: ReadonlySet<SessionStatus> = new Set([
  'confirmed',
  'in_progress',
  'completed',
  'no_show',
]);

function maySee(session: SessionRow): boolean {
  return !isSeat(session) || AMONG_THEM.has(session.status);
}

/**
 * The therapist and the clinic see who is there. A member sees those who come with them by the
 * name that they go by, under an id that means nothing outside this session, and nothing of who
 * has yet to pay or has left.
 */
function participantsFor(
  { principal }: Call,
  session: SessionRow,
  members: readonly MemberRow[],
): Part[] {
  const names = displayNames(members.map(nameOf));
  const isMember = relationTo(principal, session) === 'client';
  const isOwn = ({ enrolment_id }: MemberRow): boolean => enrolment_id === session.enrolment_id;
  const shown = members.filter((member) => {
    if (!isMember || isOwn(member)) return true;
    return maySee(session) && AMONG_THEM.has(member.status);
  });
  return shown.map((member) => ({
    user_id: isMember && !isOwn(member) ? member.alias : member.person_id,
    display_name: names.get(member.person_id),
    ...(isMember ? {} : { alias: member.alias }),
    status: participantWord(member, isMember && !isOwn(member)),
  }));
}

/** That somebody did not come is between them and the therapist. */
function participantWord(member: MemberRow, isForAnother: boolean): string {
  if (isForAnother) return 'confirmed';
  return member.state === 'left' ? 'left' : statusWord(member.status);
}

function nameOf(member: MemberRow): Parameters<typeof displayNames>[0][number] {
  return {
    personId: member.person_id,
    preferredName: member.preferred_name,
    firstName: member.first_name,
    lastName: member.last_name,
  };
}
