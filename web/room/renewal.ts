/**
 * What makes a sign-in outlast its access token, for this tab alone. It works once: a copy in another
 * tab would sign both out. So it is in storage only between two pages of the tab, and a tab that is
 * duplicated gets none.
 */
const KEPT = 'holdfast-room-renewal';

export interface Renewal {
  readonly refreshToken: string;
  /** The same question again has the same answer, where the first answer was lost on its way. */
  readonly questionId: string;
}

let renewal = taken();

function taken(): Renewal | null {
  const kept = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  return kept === null ? null : (JSON.parse(kept) as Renewal);
}

addEventListener('pagehide', () => {
  if (renewal !== null) sessionStorage.setItem(KEPT, JSON.stringify(renewal));
});
addEventListener('pageshow', () => sessionStorage.removeItem(KEPT));

export function renewalAtHand(): Renewal | null {
  return renewal;
}

/** Null forgets it. */
export function keepRenewal(refreshToken: string | null): void {
  renewal = refreshToken === null ? null : { refreshToken, questionId: crypto.randomUUID() };
}
