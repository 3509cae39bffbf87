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

  test(
    'are there once, and in no history',
    async () => {
      const env = {
        SPEECH_URL: `${stack.sandboxUrl}/speech/v1`,
        SPEECH_KEY: 'key',
        SPEECH_MODEL: 'stand-in',
        FFMPEG_BIN: ffmpegBin ?? '',
        ATTACHMENTS_DIR: folder,
      };
      const { knex, deps } = stack.api;
      const [therapist, client] = [await addTherapist(stack.api), await addClient(stack.api)];
      const startsAt = acts.inFuture(48 * 3_600_000);
      const { id } = await acts.book(stack, { client, therapist, startsAt });
      await steer('slow');
      const first = await stack.startMediaHost(workerBin!, env);
      const made = await recordVoices(
        { ...deps, store: createLocalFileStore(folder) },
        { sessionId: id, startedBy: therapist.id },
        [
          { personId: therapist.id, voice: 'first' },
          { personId: client.id, voice: 'second' },
        ],
      );
      await until(async () => (await asked()) > 0);
      await first.kill();
      await steer('normal');
      await stack.startMediaHost(workerBin!, env);
      await until(async () => (await transcriptsOf(knex, id))[0]?.state === 'ready');
      const heard = await heardIn(deps, made);
      expect(new Set(heard.map(([trackId, atMs]) => `${trackId} ${atMs}`)).size).toBe(heard.length);
      expect(new Set(heard.map(([trackId]) => trackId))).toEqual(new Set(made.trackIds));
      expect(heard.length).toBeGreaterThan(4);

      const handle = stack.temporal.workflow.getHandle(workflowId('transcript', made.recordingId));
      expect(await handle.result()).toEqual({ fault: null });
      const history = historyToJSON(await handle.fetchHistory());
      expect(history + stack.logs()).not.toContain('was heard');
    },
    MINUTES_MS,
  );
});
