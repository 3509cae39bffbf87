import type { AuditContext } from '../../db/audit/entry.ts';
import type { Principal } from './principal.ts';

/** Who acts, for the audit record. */
export function auditContext(principal: Principal | null, requestId: string): AuditContext {
  if (principal === null) {
    return { actor: { id: null, role: 'anonymous', clinicId: null }, requestId };
  }
  const { personId: id, role, clinicId } = principal;
  return { actor: { id, role, clinicId }, requestId };
}
