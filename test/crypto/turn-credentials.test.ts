import { createHmac } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { iceServersFor } from '../../crypto/turn-credentials.ts';

const stun = { urls: 'stun:stun.example.com:19302' };

test('Without a TURN server everybody gets what is configured, and nothing else', () => {
  expect(iceServersFor({ iceServers: [stun], turn: null }, 'label', 0)).toEqual([stun]);
});

test('Credentials for TURN are what coturn computes of the name and the shared secret', () => {
  const turn = { urls: ['turn:turn.example.com:3478', 'turns:turn.example.com'], secret: 'north' };
  const now = Date.parse('2026-11-21T10:00:00Z');
  const [first, own] = iceServersFor({ iceServers: [stun], turn }, 'peer', now, 3_600_000);
  expect(first).toEqual(stun);
  const username = `${now / 1000 + 3_600}:peer`;
  const credential = createHmac('sha1', 'north').update(username).digest('base64');
  expect(own).toEqual({ urls: turn.urls, username, credential });
});

test('The sum of a known name and secret is the one that openssl gives', () => {
  const turn = { urls: ['turn:t'], secret: 'secret' };
  const [own] = iceServersFor({ iceServers: [], turn }, 'alice', 1_000, 1_000);
  expect(own).toMatchObject({ username: '2:alice', credential: 'lwv/wG6OVrFEGaPKuSnlusRCNfE=' });
});
