import { assertNever } from '../../domain/assert-never.ts';
import { isUuid } from '../../domain/ids.ts';
import { safely } from '../http/error-handler.ts';
import type { Live } from './live.ts';
import { said } from './payloads.ts';
import { shownPerson } from './people.ts';

/** What others in a session are told of somebody, and what nobody needs to keep. */
export type SessionNews =
  | { readonly kind: 'joined'; readonly sessionId: string; readonly personId: string }
  | {
      readonly kind: 'left';
      readonly sessionId: string;
      readonly personId: string;
      readonly reason?: string;
    }
  | {
      readonly kind: 'typing';
      readonly sessionId: string;
      readonly personId: string;
      readonly isTyping: boolean;
    };

const SERVER_EVENT = 'session-news';

/** Tells everybody else in the room, whichever process they are connected to. Between processes go ids alone. */
export function tellOthers(live: Live, news: SessionNews): void {
  live.io.serverSideEmit(SERVER_EVENT, news);
  tellHere(live, news);
}

/** Passes on what other processes tell. */
export function hearOthers(live: Live): void {
  live.io.on(SERVER_EVENT, (news: unknown) => {
    if (isNews(news)) tellHere(live, news);
  });
}

/** Tells the sockets of this process. */
function tellHere(live: Live, news: SessionNews): void {
  const { sessionId, personId } = news;
  const isHidden = live.chats.hides(sessionId, personId);
  if (isHidden === null) return;
  const tell = async (): Promise<void> => {
    const card = await live.people.cardOf(personId);
    const others = live.io.local.to(`session:${sessionId}`).except(`person:${personId}`);
    const { userId, username, role, profile } = shownPerson(
      personId,
      card,
      isHidden ? sessionId : null,
    );
    const who = { sessionId, userId };
    const at = new Date().toISOString();
    switch (news.kind) {
      case 'joined': {
        const user = { _id: userId, username, role, profile };
        others.emit('user-joined-session', { ...who, user, joinedAt: at });
        break;
      }
      case 'left':
        others.emit('user-left-session', { ...who, leftAt: at, reason: news.reason ?? 'left' });
        break;
      case 'typing':
        others.emit('user-typing', { ...who, username, isTyping: news.isTyping });
        break;
      default:
        assertNever(news);
    }
  };
  tell().catch((error: unknown) =>
    live.deps.log.warn({ error: safely(error) }, 'others in a session were not told'),
  );
}

function isNews(news: unknown): news is SessionNews {
  const [sessionId, personId, kind] = [
    said(news, 'sessionId'),
    said(news, 'personId'),
    said(news, 'kind'),
  ];
  return (
    [sessionId, personId].every((id) => typeof id === 'string' && isUuid(id)) &&
    ['joined', 'left', 'typing'].includes(String(kind))
  );
}
