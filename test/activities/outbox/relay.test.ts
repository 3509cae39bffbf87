import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import type { OutboxConsumer } from '../../../activities/outbox/consumers.ts';
import { type Relay, type RelayOptions, startRelay } from '../../../activities/outbox/relay.ts';
import type { FieldCipher } from '../../../crypto/field-cipher.ts';
import { claimDue, insertOutboxRow, lookThrough } from '../../../db/outbox.ts';
import { until } from '../../support/until.ts';
import { type SessionBench, startSessionBench } from '../session/bench.ts';

let bench: SessionBench;
const relays: Relay[] = [];

beforeAll(async () => {
  bench = await startSessionBench();
}, 120_000);
afterAll(() => bench.close());
beforeEach(async () => {
  await bench.knex('outbox_deliveries').delete();
  await bench.knex('outbox').delete();
});
afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.close()));
});

const deps = () => ({
  knex: bench.knex,
  temporal: null as unknown as Client,
  cipher: null as unknown as FieldCipher,
});

function relay(consumers: readonly OutboxConsumer[], options: RelayOptions = {}): Relay {
  const started = startRelay(deps(), consumers, { pollMs: 5, ...options });
  relays.push(started);
  return started;
}

/** A consumer that writes down what it hears. */
function scribe(name: string, fails: (id: string, attempt: number) => boolean = () => false) {
  const heard: string[] = [];
  const attempts = new Map<string, number>();
  const consumer: OutboxConsumer = {
    name,
    topics: { test: 'all' },
    handle: async (_deps, row) => {
      const attempt = (attempts.get(row.id) ?? 0) + 1;
      attempts.set(row.id, attempt);
      if (fails(row.id, attempt)) throw new Error('words that must not be kept');
      heard.push(row.id);
    },
  };
  return { consumer, heard, attempts };
}

async function write(count: number, topic = 'test'): Promise<string[]> {
  return bench.knex.transaction(async (trx) => {
    const event = { topic, clinicId: bench.clinicId, payload: {} };
    for (let at = 0; at < count; at += 1) await insertOutboxRow(trx, event);
    const ids = await trx('outbox').orderBy('id', 'desc').limit(count).pluck<string[]>('id');
    return ids.toReversed();
  });
}

const pending = () => bench.knex('outbox_deliveries').orderBy('outbox_id');

test('an event comes to each consumer of its topic, in order, and to no other', async () => {
  const [one, two] = [scribe('one'), scribe('two')];
  const other: OutboxConsumer = { ...scribe('other').consumer, topics: { elsewhere: 'all' } };
  const ids = await write(120);
  relay([one.consumer, two.consumer, other]);
  await until(async () => one.heard.length === 120 && two.heard.length === 120);
  expect(one.heard).toEqual(ids);
  expect(two.heard).toEqual(ids);
  await until(async () => (await pending()).length === 0);
});

test('a consumer of some events only is never bothered with the others', async () => {
  const every = scribe('every');
  const picky = scribe('picky');
  const ids: string[] = [];
  const payloads = [
    { event: 'ended' },
    { event: 'begun', status: 'ended' },
    { event: 'begun', status: 'open' },
    { status: 'open' },
    {},
  ];
  await bench.knex.transaction(async (trx) => {
    for (const payload of payloads) {
      await insertOutboxRow(trx, { topic: 'test', clinicId: bench.clinicId, payload });
    }
    ids.push(...(await trx('outbox').orderBy('id', 'desc').limit(5).pluck('id')).toReversed());
  });
  relay([every.consumer, { ...picky.consumer, topics: { test: ['ended'] } }]);
  await until(async () => every.heard.length === 5 && picky.heard.length >= 2);
  await until(async () => (await pending()).length === 0);
  expect(every.heard).toEqual(ids);
  expect(picky.heard).toEqual(ids.slice(0, 2));
});

test('a consumer that fails gets its event again and holds up nobody', async () => {
  const failing = scribe('failing', (_id, attempt) => attempt < 3);
  const well = scribe('well');
  const faults: (string | null)[] = [];
  const ids = await write(3);
  relay([failing.consumer, well.consumer], {
    maxPauseMs: 1,
    onFault: ({ consumer }) => faults.push(consumer),
  });
  await until(async () => well.heard.length === 3 && failing.heard.length === 3);
  expect(failing.heard.toSorted()).toEqual(ids);
  expect([...failing.attempts.values()]).toEqual([3, 3, 3]);
  expect(well.heard).toEqual(ids);
  expect(faults).toEqual(Array.from({ length: 6 }, () => 'failing'));
});

test('a failure keeps a code of it and no words, and after many of them a human is asked', async () => {
  const failing = scribe('hopeless', () => true);
  const [id] = await write(1);
  relay([failing.consumer], { maxPauseMs: 1 });
  await until(async () => (failing.attempts.get(id!) ?? 0) >= 15);
  expect(await pending()).toMatchObject([{ consumer: 'hopeless', last_error: 'Error' }]);
  const tasks = await bench.knex('tasks').where({ kind: 'event_stuck' });
  expect(tasks).toMatchObject([{ data: { consumer: 'hopeless', eventId: id } }]);
});

test('a consumer that never answers is given up, and the others go on', async () => {
  const silent: OutboxConsumer = {
    name: 'silent',
    topics: { test: 'all' },
    handle: () => new Promise(() => undefined),
  };
  const well = scribe('well');
  await write(1);
  relay([silent, well.consumer], { handleWithinMs: 20, leaseMs: 60_000 });
  await until(async () => (await pending())[0]?.last_error === 'too_slow');
  expect(well.heard).toHaveLength(1);
});

test('an event that commits after others with higher ids is not passed by', async () => {
  const { consumer, heard } = scribe('one');
  const slow = await bench.knex.transaction();
  await insertOutboxRow(slow, { topic: 'test', clinicId: bench.clinicId, payload: {} });
  const later = await write(2);
  relay([consumer]);
  await until(async () => heard.length === 2);
  expect(heard).toEqual(later);
  await slow.commit();
  await until(async () => heard.length === 3);
  expect(Number(heard[2])).toBeLessThan(Number(later[0]));
});

test('two relays share the work: each event is handled once while both live', async () => {
  const { consumer, heard } = scribe('one');
  relay([consumer], { batch: 7 });
  relay([consumer], { batch: 7 });
  const ids = [...(await write(200)), ...(await write(200))];
  await until(async () => heard.length >= 400);
  await until(async () => (await pending()).length === 0);
  expect(heard.toSorted()).toEqual(ids.toSorted());
});

test('what a relay had in hand when it died comes again, under the same id', async () => {
  const [id] = await write(1);
  await lookThrough(bench.knex, [{ consumer: 'one', topic: 'test', of: null }], 10);
  // A relay that has handled the event dies before it can say so.
  const dead = await claimDue(bench.knex, 'one', { limit: 10, leaseMs: 50 });
  expect(dead.map((row) => row.id)).toEqual([id]);
  const { consumer, heard } = scribe('one');
  relay([consumer]);
  await until(async () => heard.length === 1);
  expect(heard).toEqual([id]);
});

test('a relay that stops lets the event at hand finish and gives the others back at once', async () => {
  const begun = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const heard: string[] = [];
  const slow: OutboxConsumer = {
    name: 'one',
    topics: { test: 'all' },
    handle: async (_deps, row) => {
      begun.resolve();
      await go.promise;
      heard.push(row.id);
    },
  };
  const ids = await write(3);
  const first = relay([slow], { leaseMs: 3_600_000 });
  await begun.promise;
  const closed = first.close();
  go.resolve();
  await closed;
  expect(heard).toEqual(ids.slice(0, 1));
  const second = scribe('one');
  relay([second.consumer]);
  await until(async () => second.heard.length === 2);
  expect(second.heard).toEqual(ids.slice(1));
});

test('events are forgotten once everybody has heard of them and they are old', async () => {
  const failing = scribe('failing', () => true);
  const ids = await write(2);
  await write(1, 'of no interest');
  relay([failing.consumer]);
  await until(async () => (await pending()).length === 2 && failing.attempts.size === 2);
  await Promise.all(relays.splice(0).map((started) => started.close()));
  await bench.knex('outbox').update({ dispatched_at: new Date(Date.now() - 8 * 86_400_000) });
  relay([]);
  await until(async () => (await bench.knex('outbox')).length === 2);
  expect(await bench.knex('outbox').orderBy('id').pluck('id')).toEqual(ids);
});
