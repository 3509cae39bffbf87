import { type HostedView, viewHosted } from '../../db/hosted-sessions.ts';
import type { SessionAct } from '../access/session-access.ts';
import type { Call } from '../http/handler.ts';
import { openSessionWith } from '../sessions/open-session.ts';

/** The session of the path, if the caller may do this with it. */
export function openHosted(call: Call, act: SessionAct): Promise<HostedView> {
  return openSessionWith(call, act, viewHosted);
}
