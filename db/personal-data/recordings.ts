import { deleted, kept, place, sealed } from './place.ts';

const AGREED = 'That somebody agreed or did not has to be shown later';
const OF_CLIENT = `SELECT recordings.id FROM recordings JOIN sessions ON sessions.id = session_id
  WHERE sessions.client_id = :person`;
const WITH_PERSON = 'SELECT recording_id FROM recording_tracks WHERE person_id = :person';

/** What was recorded, and what was said in it: one's own tracks, what shows everybody, and all of a session that was one's own. */
export const RECORDINGS = [
  place('transcript_segments', {
    section: 'spokenWords',
    of: `t.person_id = :person OR t.recording_id IN (${OF_CLIENT})`,
    shown: 'id recording_id person_id at duration_ms',
    sealed: { words: sealed('transcript', 't.track_id', 'words', 't.id') },
    hidden: 'track_id session_id recorded_at',
    fate: deleted,
    order: 't.session_id, t.at, t.id',
  }),
  place('recording_tracks', {
    section: 'recordedTracks',
    of: `t.person_id = :person OR (t.person_id IS NULL AND t.recording_id IN (${WITH_PERSON}))
      OR t.recording_id IN (${OF_CLIENT})`,
    shown: 'id recording_id source media_type started_at duration_ms size_bytes',
    sealed: { file_key: sealed('recording_track', 't.id', 'file_key') },
    hidden: 'person_id transcribed_ms is_transcribed',
    fate: deleted,
    order: 't.started_at, t.id',
  }),
  place('recordings', {
    section: 'recordings',
    of: `t.started_by = :person OR t.id IN (${OF_CLIENT}) OR t.id IN (${WITH_PERSON})`,
    shown: 'id session_id state started_at ended_at retention_until',
    hidden: 'clinic_id started_by host_id attempts',
    fate: kept('That a session was recorded, and when: the recording itself is gone'),
    order: 't.started_at, t.id',
  }),
  place('recording_consents', {
    section: 'recordingConsents',
    of: 't.person_id = :person',
    shown: 'session_id is_given said_at',
    hidden: 'person_id',
    fate: kept(AGREED),
  }),
  place('recording_consent_changes', {
    section: 'recordingConsentChanges',
    of: 't.person_id = :person',
    shown: 'session_id is_given said_at',
    hidden: 'id person_id',
    fate: kept(AGREED),
    order: 't.id',
  }),
];
