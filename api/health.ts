import type { SpeechSettings } from '../config/types.ts';
import { mediaAvailable } from '../db/rooms.ts';
import type { ApiDeps } from './context.ts';
import type { Answer, HandlerMap, PublicCall } from './http/handler.ts';

export type PartState = 'up' | 'down';
type Said = 'ok' | 'unavailable';

interface MediaSaid {
  readonly media: Said;
  readonly recording: Said;
  readonly transcripts: Said;
  readonly speechEngine: SpeechSettings['engine'];
}

const PROBE_TIMEOUT_MS = 2_000;

/** Asks every dependency, each within two seconds. */
export async function probeParts(deps: ApiDeps): Promise<Record<string, PartState>> {
  const [database, temporal] = await Promise.all([
    probe(Promise.resolve(deps.knex.raw('SELECT 1'))),
    probe(
      deps.temporal.withDeadline(Date.now() + PROBE_TIMEOUT_MS, () =>
        deps.temporal.workflowService.getSystemInfo({}),
      ),
    ),
  ]);
  return { database, temporal };
}

/** Video is no part that the product needs to be ready: a host more or less changes nothing else. */
async function probeMedia({ knex, rooms }: ApiDeps): Promise<MediaSaid> {
  let there = { rooms: false, recording: false, transcripts: false };
  await probe(mediaAvailable(knex).then((answer) => (there = answer)));
  const say = (isThere: boolean): Said => (isThere ? 'ok' : 'unavailable');
  const speechEngine = rooms.speechEngine ?? 'local';
  return {
    media: say(there.rooms),
    recording: say(there.recording),
    transcripts: say(there.transcripts && speechEngine !== 'off'),
    speechEngine,
  };
}

async function probe(question: Promise<unknown>): Promise<PartState> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), PROBE_TIMEOUT_MS);
  });
  try {
    await Promise.race([question, late]);
    return 'up';
  } catch {
    return 'down';
  } finally {
    clearTimeout(timer);
  }
}

/** The process lives: what its parts say doesn't change the status, or a restart would follow each outage. */
async function getHealth({ deps }: PublicCall): Promise<Answer> {
  const { version, environment } = deps.http;
  const [parts, media] = await Promise.all([probeParts(deps), probeMedia(deps)]);
  const timestamp = new Date().toISOString();
  const load = deps.load.level();
  const body = { status: 'ok', timestamp, version, environment, parts, ...media, load };
  return { status: 200, body };
}

/** Whether this process can serve requests now. */
async function getReadiness({ deps }: PublicCall): Promise<Answer> {
  const [parts, media] = await Promise.all([probeParts(deps), probeMedia(deps)]);
  const ready = Object.values(parts).every((state) => state === 'up');
  const headers: Record<string, string> = ready ? {} : { 'retry-after': '5' };
  return {
    status: ready ? 200 : 503,
    headers,
    body: { ready, parts, ...media, load: deps.load.level() },
  };
}

export const healthHandlers = { getHealth, getReadiness } satisfies Partial<HandlerMap>;
