import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { SHIPPED } from '../../domain/screening/instruments/index.ts';

/**
 * GHQ-28 with the bands of its published table, and every instrument with the sources of its
 * figures: as the next version where an earlier one was written down, which stays for whoever was
 * scored by it.
 */
export async function up(knex: Knex): Promise<void> {
  for (const template of SHIPPED) {
    await knex.raw(
      `INSERT INTO questionnaires (id, type, version, template)
       SELECT :id, :type, version + 1, :template::jsonb
       FROM questionnaires WHERE clinic_id IS NULL AND type = :type
         AND version = (SELECT max(version) FROM questionnaires
           WHERE clinic_id IS NULL AND type = :type)
         AND template <> :template::jsonb`,
      { id: newId(), type: template.type, template: JSON.stringify(template) },
    );
  }
}
