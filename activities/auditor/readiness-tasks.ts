import type { Knex } from 'knex';
import { readReadiness } from '../../db/crisis-readiness.ts';
import { listClinicIds } from '../../db/crisis-knowledge.ts';
import { openTask } from '../../db/tasks.ts';
import { identityOf, readinessOf } from '../../domain/readiness.ts';
import type { Finding } from '../../domain/readiness.ts';

/** Asks a human to see to whatever stands in the way of an alert's being answered, once each. */
export async function askForReadiness(knex: Knex, nowMs: number): Promise<void> {
  for (const clinicId of await listClinicIds(knex)) {
    const findings = readinessOf(await readReadiness(knex, clinicId, nowMs, false), nowMs);
    for (const finding of findings) await ask(knex, clinicId, finding, nowMs);
  }
}

async function ask(knex: Knex, clinicId: string, finding: Finding, nowMs: number): Promise<void> {
  const { code, severity, subject, stretch } = finding;
  await openTask(knex, {
    clinicId,
    key: `readiness:${clinicId}:${identityOf(finding, nowMs)}`,
    kind: 'crisis_readiness',
    data: {
      code,
      severity,
      subjectKind: subject.kind,
      subjectId: subject.id,
      startsAt: stretch === null ? null : new Date(stretch.startMs).toISOString(),
      endsAt: stretch === null ? null : new Date(stretch.endMs).toISOString(),
    },
  });
}
