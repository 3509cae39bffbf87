import { findGroup } from '../../db/groups.ts';
import type { Group } from '../../db/models/group.ts';
import { hasRelationship } from '../../db/relationships.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import { enforce } from '../access/clinic-access.ts';
import { mayJoinGroup, mayLeaveGroup, mayManageGroup } from '../access/group-access.ts';
import type { Call } from '../http/handler.ts';

/** Every act on one group begins here: it is found, allowed or refused, and put on record. */
export async function openGroup(call: Call, act: 'manage' | 'join' | 'leave'): Promise<Group> {
  const { deps, principal } = call;
  const id = call.params['id']!;
  const group = isUuid(id) ? await findGroup(deps.knex, principal.clinicId, id) : null;
  const target = { action: `group.${act}`, objectType: 'group', objectId: id };
  if (act === 'manage') await enforce(call, mayManageGroup(principal, group), target);
  else if (act === 'leave') await enforce(call, mayLeaveGroup(principal, group), target);
  else {
    const isClient =
      group !== null && (await hasRelationship(deps.knex, group.therapist_id, principal.personId));
    await enforce(call, mayJoinGroup(principal, group, isClient), target);
  }
  if (group === null) throw new HoldfastError('not_found', 'There is no such group.');
  return group;
}
