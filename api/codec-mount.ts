import type { Router } from 'express';
import { auditRead } from '../db/audit/record.ts';
import { findPerson } from '../db/people.ts';
import { errorCodeOf } from '../domain/errors.ts';
import { checkCredentials } from './auth/sign-in.ts';
import { createCodecRouter } from './codec/router.ts';
import type { CodecPerson } from './codec/router.ts';
import type { ApiDeps } from './context.ts';

/** The payload codec of Temporal UI over the product's own accounts and audit record. */
export function codecRouter(deps: ApiDeps, uiOrigin: string): Router {
  const { knex, keyRing, authenticator } = deps;
  return createCodecRouter({
    keyRing,
    uiOrigin,
    authenticate: async (email, password) => {
      try {
        const { id, role, clinicId } = await checkCredentials(knex, email, password);
        return { id, role, clinicId };
      } catch (error) {
        if (errorCodeOf(error) === 'invalid_credentials') return null;
        throw error;
      }
    },
    authenticateToken: async (token) => {
      try {
        const { personId, role, clinicId } = await authenticator.authenticate(token);
        return { id: personId, role, clinicId };
      } catch (error) {
        if (errorCodeOf(error) === 'dependency_unavailable') throw error;
        return null;
      }
    },
    isStillAllowed: (person) => isStillAllowed(deps, person),
    audit: async ({ operation, outcome, person, payloads }) => {
      const actor = person ?? { id: null, role: 'anonymous', clinicId: null };
      await auditRead(
        knex,
        { actor, requestId: null },
        {
          action: `codec.${operation}`,
          objectType: 'workflow_payload',
          objectId: null,
          outcome,
          changes: { payloads },
        },
      );
    },
  });
}

async function isStillAllowed({ knex }: ApiDeps, known: CodecPerson): Promise<boolean> {
  const person = await findPerson(knex, known.id);
  return person !== null && person.suspendedAt === null && person.role === known.role;
}
