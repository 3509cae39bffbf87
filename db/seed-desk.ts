import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { DEMO_AUTHORISATION, DEMO_CLINIC, DEMO_LOCATIONS, DEMO_SERVICES } from './seed-data.ts';
import { DAY_MS } from '../domain/local-time.ts';

/** Services, places, and what an insurer has granted one client from `now` (epoch ms) on. */
export async function seedDesk(
  trx: Knex.Transaction,
  clientId: string,
  now: number,
): Promise<void> {
  const clinic = { clinic_id: DEMO_CLINIC.id };
  const services = DEMO_SERVICES.map(({ name, minutes, priceCents, paidBy }) => ({
    ...clinic,
    id: newId(),
    name,
    session_type: 'individual',
    duration_minutes: minutes,
    price_cents: priceCents,
    paid_by: paidBy,
  }));
  await trx('services').insert(services).onConflict().ignore();
  const locations = DEMO_LOCATIONS.map(({ name, type, address }) => ({
    ...clinic,
    id: newId(),
    name,
    location_type: type,
    address,
  }));
  await trx('locations').insert(locations).onConflict().ignore();
  const { payer, number, sessions, validDays } = DEMO_AUTHORISATION;
  const authorisation = {
    id: newId(),
    client_id: clientId,
    payer,
    number,
    valid_from: new Date(now),
    valid_to: new Date(now + validDays * DAY_MS),
    sessions_granted: sessions,
  };
  await trx('insurance_authorisations').insert(authorisation).onConflict().ignore();
}
