import { findPreferences, savePreferences } from '../../db/preferences.ts';
import type { PersonalPreferences } from '../../db/preferences.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { QuietHours } from '../../domain/quiet-hours.ts';
import { readTimeOfDay, writeTimeOfDay } from '../../domain/time-text.ts';
import type { Answer, Call } from '../http/handler.ts';
import { auditContext } from '../access/audit-context.ts';

export interface PreferencesBody {
  readonly sms?: boolean;
  readonly email?: boolean;
  readonly push?: boolean;
  readonly quietHours?: { readonly from: string; readonly to: string } | null;
}

/** GET /api/v1/notification-preferences */
export async function getNotificationPreferences(call: Call): Promise<Answer> {
  const preferences = await findPreferences(call.deps.knex, call.principal.personId);
  return { status: 200, body: present(preferences) };
}

/** PUT /api/v1/notification-preferences */
export async function putNotificationPreferences(call: Call<PreferencesBody>): Promise<Answer> {
  const { body, deps } = call;
  const { personId } = call.principal;
  const preferences = await inTransaction(
    deps.knex,
    auditContext(call.principal, call.requestId),
    async (trx, audit) => {
      const before = await findPreferences(trx, personId);
      await savePreferences(trx, personId, {
        sms: body.sms ?? before.sms,
        email: body.email ?? before.email,
        push: body.push ?? before.push,
        quietHours: body.quietHours === undefined ? before.quietHours : readHours(body.quietHours),
      });
      const target = { objectType: 'person', objectId: personId, subjectId: personId };
      audit({ action: 'preferences.change', ...target });
      return findPreferences(trx, personId);
    },
  );
  return { status: 200, body: present(preferences) };
}

function readHours(hours: NonNullable<PreferencesBody['quietHours']> | null): QuietHours | null {
  if (hours === null) return null;
  const startMinute = readTimeOfDay(hours.from);
  const endMinute = readTimeOfDay(hours.to);
  return startMinute === null || endMinute === null ? null : { startMinute, endMinute };
}

function present(preferences: PersonalPreferences): Record<string, unknown> {
  const { quietHours, ...rest } = preferences;
  return {
    ...rest,
    quietHours:
      quietHours === null
        ? null
        : {
            from: writeTimeOfDay(quietHours.startMinute),
            to: writeTimeOfDay(quietHours.endMinute),
          },
  };
}
