import type { Knex } from 'knex';
import {
  type ClientName,
  type HostedView,
  clientsOf,
  roleKey,
  rolesIn,
} from '../../db/hosted-sessions.ts';
import { type MemberRow, isSeat, membersOf } from '../../db/seats.ts';
import type { SessionRow } from '../../db/sessions.ts';
import { displayNames } from '../../domain/group.ts';
import { roleIn } from '../../domain/hosted-session.ts';
import type { RoomRole } from '../../domain/room-state.ts';
import type { SessionStatus } from '../../domain/session.ts';
import { relationTo } from '../access/session-access.ts';
import type { Principal } from '../access/principal.ts';

/** Somebody who takes part in a session, as the caller may know of them. */
export interface SessionPerson {
  /** Of somebody else in a group, an alias that means nothing outside the session. */
  readonly id: string;
  /** Who it really is; never for a caller's eyes. */
  readonly personId: string;
  readonly displayName: string;
  readonly role: RoomRole;
  readonly status: SessionStatus;
}

/** Where a member has to stand to be shown the others, and to be shown to them: paid up, not gone. */
const AMONG_THEM: ReadonlySet<SessionStatus> = new Set([
  'confirmed',
  'in_progress',
  'completed',
  'no_show',
]);

type Member = Pick<
  MemberRow,
  'person_id' | 'preferred_name' | 'first_name' | 'last_name' | 'status'
> & { readonly alias: string | null; readonly isGone: boolean };

/** Who takes part in sessions, the host first, in the order of the sessions. */
export async function peopleOf(
  knex: Knex,
  principal: Principal,
  sessions: readonly HostedView[],
): Promise<SessionPerson[][]> {
  const ids = sessions.map(({ id }) => id);
  const [members, clients, roles] = await Promise.all([
    membersOf(knex, ids),
    clientsOf(knex, ids),
    rolesIn(knex, ids),
  ]);
  return sessions.map((session) => {
    const taking = membersIn(session, members, clients);
    const roleOf = (personId: string): RoomRole =>
      roleIn(
        { therapistId: session.therapist_id },
        personId,
        roles.get(roleKey(session.id, personId)),
      );
    const host: SessionPerson = {
      id: session.therapist_id,
      personId: session.therapist_id,
      displayName: session.therapist_name,
      role: 'host',
      status: isSeat(session) ? session.session_status : session.status,
    };
    return [host, ...shownTo(principal, session, taking, roleOf)];
  });
}

function membersIn(
  session: SessionRow,
  members: readonly (MemberRow & { readonly session_id: string })[],
  clients: readonly ClientName[],
): Member[] {
  if (session.group_terms !== null) {
    return members
      .filter(({ session_id }) => session_id === session.id)
      .map((member) => ({ ...member, isGone: ['left', 'cancelled'].includes(member.state) }));
  }
  return clients
    .filter(({ session_id }) => session_id === session.id)
    .map((client) => ({ ...client, alias: null, status: session.status, isGone: false }));
}

/** The host and the clinic see who is there; a member sees those who come with them by short names. */
function shownTo(
  principal: Principal,
  session: HostedView,
  members: readonly Member[],
  roleOf: (personId: string) => RoomRole,
): SessionPerson[] {
  const names = displayNames(members.map(nameOf));
  const isMember = relationTo(principal, session) === 'client';
  const isSelf = (member: Member): boolean => member.person_id === principal.personId;
  const maySeeOthers = !isSeat(session) || AMONG_THEM.has(session.status);
  const shown = members.filter((member) => {
    if (isMember && isSelf(member)) return true;
    if (member.isGone) return false;
    return !isMember || (maySeeOthers && AMONG_THEM.has(member.status));
  });
  return shown.map((member) => {
    const isOther = isMember && !isSelf(member);
    return {
      id: isOther ? (member.alias ?? member.person_id) : member.person_id,
      personId: member.person_id,
      displayName: names.get(member.person_id) ?? 'Member',
      role: roleOf(member.person_id),
      // That somebody did not come is between them and the therapist.
      status: isOther ? 'confirmed' : member.status,
    };
  });
}

function nameOf(member: Member): Parameters<typeof displayNames>[0][number] {
  return {
    personId: member.person_id,
    preferredName: member.preferred_name,
    firstName: member.first_name,
    lastName: member.last_name,
  };
}
