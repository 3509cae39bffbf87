import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestApi } from '../../../support/api.ts';
import type { TestApi, TestPerson, TestReply } from '../../../support/api.ts';
import { supportSession } from './support-world.ts';
import type { SupportWorld } from './support-world.ts';

/** Bodies as the two versions publish them, letter by letter. */
const A = {
  content: {
    text: "Hello, I'm struggling with anxiety about my upcoming exams.",
    type: 'text',
  },
  isEncrypted: false,
};
const A_EDIT = {
  content: {
    text: "Hello, I'm struggling with severe anxiety about my upcoming exams.",
    type: 'text',
  },
};
const B = {
  message: 'That really helps, thank you. Can you tell me more about breathing exercises?',
  messageType: 'text',
  attachments: [],
};
const B_IMAGE = {
  message: "Here's a photo that helps me feel calm",
  messageType: 'image',
  attachments: [
    {
      url: 'https://cloudinary.com/calming-photo.jpg',
      type: 'image',
      filename: 'calming-photo.jpg',
      size: 245760,
    },
  ],
};

interface Union {
  readonly success: boolean;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
}

let api: TestApi;
let world: SupportWorld;
beforeAll(async () => {
  api = await startTestApi();
  world = await supportSession(api);
}, 120_000);
afterAll(() => api.close());

function call(
  { token }: TestPerson,
  method: string,
  path: string,
  body?: unknown,
): Promise<TestReply<Union>> {
  return api.call<Union>(method, `/api/messages${path}`, body, { token });
}

/** What a client of each version reads. */
function versionA({ body: { success, message, data } }: TestReply<Union>): unknown {
  return { success, message, data };
}

function versionB({ body }: TestReply<Union>): Record<string, unknown> {
  const { success: _success, data: _data, ...flat } = body;
  return flat;
}

const text = expect.any(String) as unknown;
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as unknown;

describe('as version A publishes them', () => {
  test('a message is sent, listed, edited and deleted', async () => {
    const { id: sessionId, patient, helper } = world;
    const sent = await call(patient, 'POST', '', { sessionId, ...A });
    expect([sent.status, versionA(sent)]).toEqual([
      201,
      {
        success: true,
        message: 'Message sent successfully',
        data: {
          message: {
            id: text,
            sessionId,
            senderId: patient.id,
            content: A.content,
            timestamp: instant,
            isEncrypted: false,
            messageNumber: 1,
          },
        },
      },
    ]);
    const listed = await call(helper, 'GET', `/session/${sessionId}`);
    const { id, timestamp } = sent.body.data['message'] as { id: string; timestamp: string };
    const shown = {
      id,
      senderId: patient.id,
      senderInfo: { username: `u-${patient.id}`, role: 'patient' },
      content: A.content,
      timestamp,
      messageNumber: 1,
      isEdited: false,
    };
    expect(listed.body.data).toEqual({ messages: [shown], count: 1, hasMore: false });
    const edited = await call(patient, 'PUT', `/${id}`, A_EDIT);
    expect([edited.status, edited.body.data['message']]).toMatchObject([200, A_EDIT]);
    const deleted = await call(patient, 'DELETE', `/${id}`);
    expect([deleted.status, deleted.body]).toEqual([
      200,
      { success: true, message: 'Message deleted successfully' },
    ]);
    const after = await call(helper, 'GET', `/session/${sessionId}`);
    expect(after.body.data).toEqual({ messages: [], count: 0, hasMore: false });
  });
});

describe('as version B publishes them', () => {
  test('a reply is sent with what it answers, listed and edited', async () => {
    const { id: sessionId, patient, helper } = world;
    const question = { sessionId, message: 'Thank you for sharing that with me...' };
    const first = await call(helper, 'POST', '', question);
    const { id: replyTo } = first.body.data['message'] as { id: string };
    const sent = await call(patient, 'POST', '', { sessionId, ...B, replyTo });
    expect([sent.status, versionB(sent)]).toEqual([
      201,
      {
        message: 'Message sent successfully',
        messageData: {
          _id: text,
          sessionId,
          senderId: patient.id,
          message: B.message,
          senderRole: 'patient',
          messageType: 'text',
          createdAt: instant,
          replyTo: { _id: replyTo, message: 'Thank you for sharing that with me...' },
          crisisDetected: false,
          aiAnalysis: { intent: 'seeking-information', sentiment: 'positive', urgency: 'low' },
        },
        aiSuggestions: [
          {
            type: 'resource',
            title: '4-7-8 Breathing Technique',
            description: 'A simple breathing exercise to reduce anxiety',
          },
        ],
      },
    ]);
    const { _id: id } = versionB(sent)['messageData'] as { _id: string };
    await call(helper, 'POST', `/${id}/reactions`, { reaction: 'supportive' });
    const listed = versionB(await call(patient, 'GET', `/session/${sessionId}?limit=1`));
    expect(listed).toEqual({
      messages: [
        {
          _id: id,
          sessionId,
          senderId: {
            _id: patient.id,
            username: `u-${patient.id}`,
            profile: { firstName: 'Test' },
          },
          message: B.message,
          senderRole: 'patient',
          messageType: 'text',
          createdAt: instant,
          updatedAt: instant,
          replyTo,
          reactions: [{ userId: helper.id, reaction: 'supportive', createdAt: instant }],
          crisisDetected: false,
          aiGenerated: false,
          isEdited: false,
          attachments: [],
        },
      ],
      pagination: { hasMore: true, total: 2, oldestMessageId: id, newestMessageId: id },
      sessionInfo: { status: 'active', participants: 2, crisisFlags: 0 },
    });
    const message = 'That really helps, thank you so much.';
    const edited = versionB(await call(patient, 'PUT', `/${id}`, { message }));
    expect(edited).toEqual({
      message: 'Message updated successfully',
      messageData: { _id: id, message, isEdited: true, editedAt: instant },
    });
  });

  test('a photo by its link is stored as said', async () => {
    const { id: sessionId, patient } = world;
    const sent = await call(patient, 'POST', '', { sessionId, ...B_IMAGE });
    expect([sent.status, versionB(sent)['messageData']]).toMatchObject([201, B_IMAGE]);
  });
});
