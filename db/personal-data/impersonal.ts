import { namesIn } from './place.ts';

/** A table that tells of nobody, why, and its columns: so that another column is thought about too. */
export interface Impersonal {
  readonly because: string;
  readonly columns: readonly string[];
}

function none(because: string, columns: string): Impersonal {
  return { because, columns: namesIn(columns) };
}

/** `created_by` and the like name who did it, by a number that leads to nobody once they are erased. */
export const IMPERSONAL: Readonly<Record<string, Impersonal>> = {
  audit_seals: none(
    'Digests of the record',
    `number sealed_at database_id after_id from_xid to_xid ids digests key_id chain`,
  ),
  authorisation_uses: none(
    'Which session drew on which authorisation',
    `session_id authorisation_id used_at`,
  ),
  clinics: none('The clinic itself', `id name time_zone currency created_at`),
  companion_shares: none('Counters under keyed digests, for a day', `holder day micros`),
  companion_spending: none('What a clinic has spent on a day', `clinic_id day micros calls`),
  crisis_drills: none(
    'Alerts about nobody',
    `id clinic_id alert_id severity started_by started_at ends_at ended_at`,
  ),
  crisis_heartbeats: none('Parts of the product', `part host backend_pid beat_at`),
  crisis_resources: none(
    'Public hotlines and contacts',
    `id clinic_id position kind title description phone text_line website available languages
      population country location latitude longitude reviewed_on review_due_on`,
  ),
  crisis_watch: none('When the auditor paged', `alert_id rounds paged_at next_due_at`),
  data_keys: none(
    'Keys, each found by the object it belongs to',
    `purpose object_id key_id wrapped created_xid created_at`,
  ),
  directory_stamps: none('A counter', `clinic_id version changed_in changed_at`),
  escalation_policies: none(
    'Who is paged for what: whoever is named there is not erased',
    `clinic_id policies version updated_by updated_at`,
  ),
  field_keys: none('Names of keys', `id created_at retired_at`),
  holds: none(
    'How long a time is held: its sessions tell for whom',
    `id clinic_id key_hash expires_at standing settled_at created_by created_at`,
  ),
  hosted_sessions: none(
    'How a session is hosted',
    `session_id is_recorded waiting_since chat_room_id`,
  ),
  locations: none(
    'Places of the clinic',
    `id clinic_id name location_type address is_active created_at updated_at`,
  ),
  materials: none(
    'What the clinic gives its clients to read',
    `id clinic_id type title content url created_by created_at`,
  ),
  outbox: none(
    'Ids, codes and instants of what happened',
    `id topic clinic_id payload created_at dispatched_at`,
  ),
  outbox_deliveries: none(
    'Who has still to hear of it',
    `consumer outbox_id attempts due_at last_error`,
  ),
  policies: none(
    'How the clinic works',
    `id clinic_id name door session_type plan version is_active created_by created_at updated_at`,
  ),
  presence_processes: none('Processes', `id lease_until`),
  provider_events: none(
    'Which events of providers are known',
    `id provider type received_at handled_at claimed_until`,
  ),
  questionnaires: none(
    'Published questions',
    `id clinic_id type version template created_by created_at`,
  ),
  rate_limits: none('Counters under digests, for minutes', `key points expire`),
  resource_lists: none(
    "A version of the clinic's contacts",
    `clinic_id version updated_by updated_at`,
  ),
  rooms: none(
    "Where a session's room is, while it is open",
    `session_id host_id epoch state lease_until opened_at closed_at`,
  ),
  rosters: none(
    'Who is on call: whoever is named there is not erased',
    `id clinic_id name rotations version created_by created_at updated_at`,
  ),
  schema_migrations: none('The schema', `id name batch migration_time`),
  schema_migrations_lock: none('The schema', `index is_locked`),
  screening_months: none(
    'Counts of at least as many people as may be shown',
    `clinic_id type month shown closed_at`,
  ),
  screening_policies: none(
    'How the clinic screens',
    `clinic_id alerts response_hours version updated_by updated_at`,
  ),
  series_notices: none(
    'Which notices of a series are out',
    `series_id kind version created_at done_at`,
  ),
  services: none(
    'What the clinic offers',
    `id clinic_id name session_type duration_minutes price_cents paid_by is_active created_at
      updated_at`,
  ),
  sfu_hosts: none(
    'Machines',
    `id signaling_url cores load state lease_until started_at can_record can_transcribe`,
  ),
  socket_io_attachments: none(
    'Ids on their way between processes, for seconds',
    `id created_at payload`,
  ),
  therapy_groups: none(
    "A group's theme and times, of the clinic",
    `id clinic_id therapist_id name theme guidelines materials format capacity min_members
      decide_before_minutes duration_minutes price_cents joinable_by time_zone weekly_times
      is_active version created_by created_at updated_at`,
  ),
  vacancies: none(
    'Times that became free',
    `id clinic_id claim_id therapist_id freed_by starts_at ends_at state reason created_at
      closed_at`,
  ),
  webhooks: none(
    "Addresses of the clinic's own systems",
    `id clinic_id url event_types include_text secret previous_secret previous_secret_until
      state failing_since created_by created_at updated_at`,
  ),
  transcripts: none(
    'How far the words of a recording are, which is on record with the recording',
    `recording_id state reason created_at finished_at`,
  ),
};
