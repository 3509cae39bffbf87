import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { createLocalFileStore } from '../../activities/gateways/file-store.ts';
import { transcriptsOf } from '../../db/transcripts.ts';
import { workflowId } from '../../domain/ids.ts';
import { describeMedia, workerBin } from '../support/media.ts';
import { heardIn, recordVoices } from '../support/recorded-voices.ts';
import { ffmpegBin } from '../support/recording.ts';
import { addClient, addTherapist } from '../support/stack-people.ts';
import * as acts from '../support/stack-acts.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { devServer } from '../support/temporal.ts';
import { until } from '../support/until.ts';

const MINUTES_MS = 600_000;

describeMedia('words of a recording whose media host is killed', () => {
  const folder = tempFolder();
  let server: TestWorkflowEnvironment;
  let stack: Stack;
  beforeAll(async () => {
    server = await devServer();
    stack = await startStack(server);
    await stack.startWorker();
  }, MINUTES_MS);
  afterAll(async () => {
    await stack.close();
    await server.teardown();
  });

  async function steer(mode: string): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ mode });
    await fetch(`${stack.sandboxUrl}/control/speech`, { method: 'PUT', headers, body });
  }

  const asked = async (): Promise<number> => {
    const reply = await fetch(`${stack.sandboxUrl}/control/speech`);
    return ((await reply.json()) as { asked: number }).asked;
  };

  const env = (endpoint = 'speech/v1') => ({
    SPEECH_URL: `${stack.sandboxUrl}/${endpoint}`,
    SPEECH_KEY: 'key',
    SPEECH_MODEL: 'stand-in',
    FFMPEG_BIN: ffmpegBin ?? '',
    ATTACHMENTS_DIR: folder,
  });

  /** A session of two whose voices were recorded. */
  async function recorded() {
    const [therapist, client] = [await addTherapist(stack.api), await addClient(stack.api)];
    const startsAt = acts.inFuture(48 * 3_600_000);
    const { id } = await acts.book(stack, { client, therapist, startsAt });
    const made = await recordVoices(
      { ...stack.api.deps, store: createLocalFileStore(folder) },
      { sessionId: id, startedBy: therapist.id },
      [
        { personId: therapist.id, voice: 'first' },
        { personId: client.id, voice: 'second' },
      ],
    );
    return { id, therapist, made };
  }

  test(
    'are there once, and in no history',
    async () => {
      const { knex, deps } = stack.api;
      await steer('slow');
      const first = await stack.startMediaHost(workerBin!, env());
      const { id, made } = await recorded();
      await until(async () => (await asked()) > 0);
      await first.kill();
      await steer('normal');
      const second = await stack.startMediaHost(workerBin!, env());
      await until(async () => (await transcriptsOf(knex, id))[0]?.state === 'ready');
      const heard = await heardIn(deps, made);
      expect(new Set(heard.map(([trackId, atMs]) => `${trackId} ${atMs}`)).size).toBe(heard.length);
      expect(new Set(heard.map(([trackId]) => trackId))).toEqual(new Set(made.trackIds));
      expect(heard.length).toBeGreaterThan(4);

      const handle = stack.temporal.workflow.getHandle(workflowId('transcript', made.recordingId));
      expect(await handle.result()).toEqual({ fault: null });
      const history = historyToJSON(await handle.fetchHistory());
      expect(history + stack.logs()).not.toContain('was heard');
      await second.kill();
    },
    MINUTES_MS,
  );

  test(
    'are made when the host asks again, after the service did not know us',
    async () => {
      const { knex, deps, call } = stack.api;
      const first = await stack.startMediaHost(workerBin!, env('nowhere'));
      const { id, therapist, made } = await recorded();
      await until(async () => (await transcriptsOf(knex, id))[0]?.state === 'failed');
      await first.kill();
      await stack.startMediaHost(workerBin!, env());
      const path = `/api/v1/sessions/${id}/transcript/retry`;
      const asked = await call('POST', path, undefined, { token: therapist.token });
      expect([asked.status, asked.body]).toMatchObject([
        202,
        { recordings: [{ status: 'pending' }] },
      ]);
      await until(async () => (await transcriptsOf(knex, id))[0]?.state === 'ready');
      const heard = (await heardIn(deps, made)).map(([trackId, atMs]) => `${trackId} ${atMs}`);
      expect(new Set(heard).size).toBe(heard.length);
      expect(heard.length).toBeGreaterThan(4);
    },
    MINUTES_MS,
  );
});
