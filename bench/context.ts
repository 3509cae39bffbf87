import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import type { Knex } from 'knex';
import pg from 'pg';
import { createClientDataConverter } from '../crypto/data-converter.ts';
import { loadKeyRing } from '../crypto/key-ring.ts';
import { openDatabase } from '../db/knex.ts';
import { type BenchClinic, type ClinicSize, makeClinic } from './clinic.ts';
import { CpuMeter } from './cpu.ts';
import type { BenchStack } from './stack.ts';

/** As many clients as ever press at once. */
export const WIDEST = 64;

/** What every measure works with: the running stack, and connections of the benchmark's own. */
export interface BenchContext {
  readonly stack: BenchStack;
  readonly clinic: BenchClinic;
  /** Another clinic, so that what it holds is in no other measure's way. */
  openClinic(size: ClinicSize): Promise<BenchClinic>;
  readonly knex: Knex;
  readonly pool: pg.Pool;
  /** Encrypts payloads, as the product does. */
  readonly temporal: Client;
  readonly bareTemporal: Client;
  /** How often each measure lets both run, and how much less than a whole run: 1 is whole. */
  readonly rounds: number;
  readonly scale: number;
  close(): Promise<void>;
}

export async function openContext(
  stack: BenchStack,
  { rounds, scale }: { rounds: number; scale: number },
): Promise<BenchContext> {
  const { databaseUrl, temporalAddress, apiUrl: publicUrl } = stack.demo;
  const keyRing = await loadKeyRing(stack.keysFile);
  const knex = openDatabase(databaseUrl, {
    maxConnections: WIDEST,
    acquireTimeoutMs: 30_000,
    applicationName: 'holdfast-bench',
  });
  const pool = new pg.Pool({ connectionString: databaseUrl, max: WIDEST });
  // The copy has the indexes and the exclusion; sessions that don't exist can't be referred to.
  await pool.query(`CREATE TABLE bench_claims (LIKE claims INCLUDING ALL);
    ALTER TABLE bench_claims ADD FOREIGN KEY (person_id) REFERENCES people`);
  const connection = await Connection.connect({ address: temporalAddress });
  const openClinic = async (size?: ClinicSize): Promise<BenchClinic> => {
    const clinic = await makeClinic(knex, keyRing, publicUrl, size);
    await untilAllIsTold(pool);
    return clinic;
  };
  return {
    stack,
    clinic: await openClinic(),
    openClinic,
    knex,
    pool,
    temporal: new Client({ connection, dataConverter: createClientDataConverter(keyRing) }),
    bareTemporal: new Client({ connection }),
    rounds,
    scale,
    close: async () => {
      await connection.close();
      await pool.end();
      await knex.destroy();
    },
  };
}

const LOOK_AGAIN_MS = 100;

/** What came of making a clinic has been passed on: nothing is measured beside that. */
async function untilAllIsTold(pool: pg.Pool): Promise<void> {
  const told = `SELECT NOT EXISTS (SELECT FROM outbox WHERE dispatched_at IS NULL)
    AND NOT EXISTS (SELECT FROM outbox_deliveries) AS "isTold"`;
  while (!(await pool.query<{ isTold: boolean }>(told)).rows[0]!.isTold) await delay(LOOK_AGAIN_MS);
}

/** What one thing costs each process, for both contestants. */
export interface CpuMeters {
  readonly ours: CpuMeter;
  readonly baseline: CpuMeter;
}

export function cpuMeters({ stack }: BenchContext): CpuMeters {
  return { ours: new CpuMeter(stack.cpu), baseline: new CpuMeter(stack.cpu) };
}

/** One guarded insert of a session's two stretches of time, and nothing around it. */
export const GUARDED_INSERT = `
  INSERT INTO bench_claims (person_id, session_id, during)
  SELECT person_id, $1::uuid, tstzrange(to_timestamp($3), to_timestamp($4))
  FROM unnest($2::uuid[]) AS person (person_id) ORDER BY person_id
  ON CONFLICT DO NOTHING`;
