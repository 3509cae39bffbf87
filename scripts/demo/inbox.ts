import type { Chronicle } from './chronicle.ts';

interface SentText {
  readonly sid: string;
  readonly to: string;
  readonly body: string;
  readonly createdAt: number;
}

interface SentMail {
  readonly id: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly receivedAt: number;
}

/** What the stand-ins for the phone and mail providers were given about one session. */
export interface Inbox {
  look(): Promise<void>;
}

const TIMEOUT_MS = 5_000;

/** Tells of each text and mail that carries the session's link. Without stand-ins there is nothing to see. */
export function watchInbox(sandboxUrl: string, sessionId: string, chronicle: Chronicle): Inbox {
  const told = new Set<string>();
  const tell = (id: string, at: number, who: string, text: string): void => {
    if (told.has(id)) return;
    told.add(id);
    chronicle.say(new Date(at), who, text);
  };
  const concerns = (text: string): boolean => text.includes(sessionId);
  return {
    look: async () => {
      if (sandboxUrl === '') return;
      const [texts, mails] = await Promise.all([
        listed<SentText>(`${sandboxUrl}/control/twilio/messages`),
        listed<SentMail>(`${sandboxUrl}/control/mail/messages`),
      ]);
      for (const mail of mails.toReversed().filter(({ text }) => concerns(text))) {
        tell(mail.id, mail.receivedAt, 'e-mail', `to ${mail.to.join(', ')}: ${mail.subject}`);
      }
      for (const text of texts.filter(({ body }) => concerns(body))) {
        tell(text.sid, text.createdAt, 'SMS', `to ${text.to}: ${text.body}`);
      }
    },
  };
}

/** A provider that is real has no such list: then nothing is told of it. */
async function listed<T>(url: string): Promise<readonly T[]> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => null);
  if (response === null || !response.ok) return [];
  const body = (await response.json()) as { messages: readonly T[] };
  return body.messages;
}
