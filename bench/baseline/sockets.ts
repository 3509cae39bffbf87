import { createServer } from 'node:http';
import { jwtVerify } from 'jose';
import pg from 'pg';
import { Server } from 'socket.io';
import { v7 as newId } from 'uuid';
import { loadKeyRing } from '../../crypto/key-ring.ts';

/** What a plain Socket.IO server does with the same sockets and messages, and nothing else. */
interface Options {
  readonly port: number;
  readonly databaseUrl: string;
  readonly issuer: string;
  readonly keysFile: string;
  /** The product's own statement that writes a message. */
  readonly insert: string;
  readonly clinicId: string;
}

interface Sent {
  readonly sessionId: string;
  readonly message: string;
}

type Acknowledge = (answer: object) => void;

const { port, databaseUrl, issuer, keysFile, insert, clinicId } = JSON.parse(
  process.argv[2]!,
) as Options;
const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
const keyRing = await loadKeyRing(keysFile);
const server = createServer();
const io = new Server(server, { serveClient: false });

io.use((socket, next) => {
  jwtVerify(
    String(socket.handshake.auth['token']),
    async ({ kid }) => (await keyRing.verificationKey(kid ?? ''))!,
    { issuer, audience: 'holdfast' },
  ).then(
    ({ payload }) => {
      socket.data['personId'] = payload.sub;
      next();
    },
    () => next(new Error('no such token')),
  );
});

io.on('connection', (socket) => {
  const personId = String(socket.data['personId']);
  void socket.join(`person:${personId}`);
  socket.on('join-session', ({ sessionId }: { sessionId: string }, acknowledge: Acknowledge) => {
    void socket.join(`session:${sessionId}`);
    acknowledge({ success: true });
  });
  socket.on('send-message', (sent: Sent, acknowledge: Acknowledge) => {
    write(personId, sent).then(
      (message) => {
        io.to(`session:${sent.sessionId}`).emit('new-message', message);
        acknowledge({ success: true, message });
      },
      () => acknowledge({ success: false }),
    );
  });
  socket.emit('authenticated', { userId: personId });
});

async function write(personId: string, { sessionId, message }: Sent): Promise<object> {
  const id = newId();
  const audit = {
    clinic_id: clinicId,
    actor_id: personId,
    actor_role: 'patient',
    action: 'message.send',
    object_type: 'message',
    object_id: id,
    subject_id: personId,
    outcome: 'allowed',
    request_id: id,
    changes: { sessionId },
  };
  const content = Buffer.from(JSON.stringify({ text: message }));
  const row = [id, sessionId, personId, 'patient', 'text', content, false, false];
  const rest = [null, null, null, [], JSON.stringify([audit])];
  const { rows } = await pool.query({ name: 'send', text: insert, values: [...row, ...rest] });
  const { outcome, number, createdAt } = rows[0];
  if (outcome !== 'sent') throw new Error(outcome);
  return { id, sessionId, messageNumber: number, senderId: personId, message, createdAt };
}

server.listen(port, '127.0.0.1', () => console.log('the plain socket server listens'));
process.once('SIGTERM', () => {
  void io.close();
  void pool.end();
});
