import { cleared, clinicsNote, deleted, kept, place, sealed } from './place.ts';

const ALERTS = '(SELECT id FROM crisis_alerts WHERE person_id = :person)';
const FOR_SAFETY = 'How fast a clinic answered has to be shown: codes and instants, without whose';

/** Alerts about somebody, and what they were screened for. */
export const CRISIS = [
  place('crisis_notes', {
    section: 'alertNotes',
    of: `t.alert_id IN ${ALERTS}`,
    shown:
      'id alert_id author_id created_at follow_up_required follow_up_at has_called_local_services',
    sealed: { details: clinicsNote(sealed('alert', 't.alert_id', 'note', 't.id')) },
    fate: cleared('details'),
  }),
  place('crisis_triggers', {
    section: 'alertReports',
    of: `t.alert_id IN ${ALERTS}`,
    shown: 'id alert_id severity source session_id message_id reported_by created_at',
    sealed: { details: sealed('alert', 't.alert_id', 'details', 't.id') },
    hidden: 'clinic_id',
    fate: cleared('details message_id'),
    order: 't.created_at, t.id',
  }),
  place('crisis_alerts', {
    section: 'alerts',
    of: 't.person_id = :person AND NOT t.is_drill',
    shown: `id number severity type session_id status holder_id created_at first_page_at
      last_page_at acknowledged_at acknowledged_by contact_at resolved_at resolved_by outcome`,
    sealed: { details: sealed('alert', 't.id', 'details') },
    hidden: 'clinic_id person_id is_drill state version written_by',
    fate: cleared('details'),
    order: 't.created_at, t.id',
  }),
  place('crisis_events', {
    section: 'alertEvents',
    of: `t.alert_id IN ${ALERTS}`,
    shown: 'alert_id at kind actor_id via',
    hidden: 'id data',
    fate: kept(FOR_SAFETY),
    order: 't.id',
  }),
  place('crisis_interventions', {
    section: 'interventions',
    of: 't.person_id = :person',
    shown: 'id number alert_id session_id requested_by type created_at',
    hidden: 'clinic_id person_id',
    fate: kept(FOR_SAFETY),
  }),
  place('crisis_sessions', {
    section: 'crisisSessions',
    of: 't.client_id = :person',
    shown: 'id alert_id severity format requested_at',
    sealed: { safety_plan: sealed('session', 't.id', 'safety_plan') },
    hidden: 'clinic_id client_id room_code',
    fate: cleared('safety_plan'),
  }),
  place('crisis_pages', {
    section: 'pagesReceived',
    of: 't.person_id = :person',
    shown: 'id channel state created_at settled_at',
    hidden: 'alert_id sent_by batch tier person_id code_hash provider_id error_code',
    fate: cleared('code_hash provider_id'),
    order: 't.created_at, t.id',
  }),
  place('screening_results', {
    section: 'screeningResults',
    of: 't.person_id = :person',
    shown: `id response_id questionnaire_id type total maximum percentage severity methods
      categories flags is_flagged is_flagged_by_total alert_id review decision reviewed_by
      reviewed_at completed_at`,
    sealed: { review_notes: clinicsNote(sealed('screening', 't.response_id', 'review_notes')) },
    hidden: 'clinic_id person_id',
    fate: deleted,
  }),
  place('screening_responses', {
    section: 'screeningResponses',
    of: 't.person_id = :person',
    shown: `id questionnaire_id type status answered started_at updated_at expires_at completed_at`,
    sealed: { answers: sealed('screening', 't.id', 'answers') },
    hidden: 'clinic_id person_id danger danger_raised_at draft version',
    fate: deleted,
  }),
  place('tasks', {
    of: `t.session_id IN (SELECT id FROM sessions WHERE client_id = :person)
      OR t.payment_id IN (SELECT id FROM payments WHERE person_id = :person)
      OR t.data->>'alertId' IN (SELECT id::text FROM crisis_alerts WHERE person_id = :person)`,
    section: 'clinicsTasks',
    shown: 'id kind session_id payment_id state created_at done_at',
    sealed: { note: clinicsNote(sealed('task', 't.id', 'note')) },
    hidden: 'clinic_id key data done_by',
    fate: cleared('note'),
  }),
];
