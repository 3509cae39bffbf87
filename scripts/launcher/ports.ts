import { createServer } from 'node:net';

export interface PortUse {
  /** The environment variable that moves it. */
  variable: string;
  /** What listens there, in a person's words. */
  what: string;
  port: number;
}

/** Throws one sentence that names every port that is taken and the variable that moves it. */
export async function assertPortsFree(uses: readonly PortUse[]): Promise<void> {
  const free = await Promise.all(uses.map(({ port }) => isFree(port)));
  const taken = uses.filter((_use, index) => free[index] === false);
  const shared = uses.filter((use) =>
    uses.some((other) => other !== use && other.port === use.port),
  );
  const sentences = [
    ...taken.map(
      ({ port, what, variable }) =>
        `port ${port} for ${what} is in use, set ${variable} to another`,
    ),
    ...(shared.length > 0
      ? [`${shared.map(({ variable }) => variable).join(' and ')} must not be the same port`]
      : []),
  ];
  if (sentences.length > 0) throw new Error(capitalised(`${sentences.join('; ')}.`));
}

/** Both families are tried: a listener on either would take connections that are meant for us. */
async function isFree(port: number): Promise<boolean> {
  return (await canListen(port, '127.0.0.1')) && (await canListen(port, '::1'));
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    // A machine without that family of addresses has nobody listening there either.
    probe.once('error', (fault: NodeJS.ErrnoException) =>
      resolve(fault.code !== 'EADDRINUSE' && fault.code !== 'EACCES'),
    );
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
