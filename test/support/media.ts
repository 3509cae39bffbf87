import { randomUUID } from 'node:crypto';
import { describe } from '@jest/globals';
import type { Knex } from 'knex';
import { provideMediaWorker } from '../../scripts/provision/media-worker.ts';
import { messageOf } from '../../scripts/provision/progress.ts';
import { MediaHost } from '../../workers/media/host.ts';
import { Sfu } from '../../workers/media/sfu.ts';

/** The media worker's program, made where it can be; null where there is none, said loudly. */
export const workerBin: string | null = await provideMediaWorker().catch((fault: unknown) => {
  console.error(`NOT TESTED: everything about media, since ${messageOf(fault)}`);
  return null;
});

/** Like `describe`, but skipped where there is no media worker. */
export const describeMedia = workerBin === null ? describe.skip : describe;

export interface TestHost {
  readonly host: MediaHost;
  readonly sfu: Sfu;
  /** Where media is received: a port for each core, from this one on. */
  readonly port: number;
  close(): Promise<void>;
}

/** A host of rooms with its own media workers. */
export async function startTestHost(
  knex: Knex,
  cores = 1,
  signalingUrl = `http://localhost/${randomUUID()}`,
  peersPerCore?: number,
): Promise<TestHost> {
  const { sfu, port } = await openSomewhere(cores);
  const host = await MediaHost.start({
    knex,
    sfu,
    signalingUrl,
    ...(peersPerCore === undefined ? {} : { peersPerCore }),
  });
  return {
    host,
    sfu,
    port,
    close: async () => {
      await host.close();
      sfu.close();
    },
  };
}

/** Below the ports that the system hands out by itself. */
const LOWEST = 12_000;
const HIGHEST = 31_000;
const RANGE = 100;

async function openSomewhere(cores: number) {
  for (let attempt = 1; ; attempt += 1) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    try {
      const sfu = await Sfu.open({
        workerBin: workerBin ?? '',
        cores,
        minPort: port,
        maxPort: port + RANGE,
        listenIp: '127.0.0.1',
        announcedIp: '127.0.0.1',
      });
      return { sfu, port };
    } catch (fault) {
      if (attempt === 10) throw fault;
    }
  }
}
