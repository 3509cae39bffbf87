import { createServer } from 'node:http';
import { jwtVerify } from 'jose';
import pg from 'pg';
import { Server } from 'socket.io';
import { v7 as newId } from 'uuid';
import { goFirst } from '../../activities/crisis/go-first.ts';
import { loadKeyRing } from '../../crypto/key-ring.ts';
import { toInsert } from '../../db/audit/entry.ts';
import { sendStatement } from '../../db/chat-messages.ts';
import type { NewChatMessage, SendOutcome } from '../../db/chat-messages.ts';

/** What a plain Socket.IO server does with the same sockets and messages, and nothing else. */
interface Options {
  readonly port: number;
  readonly databaseUrl: string;
  readonly issuer: string;
  readonly keysFile: string;
  readonly clinicId: string;
}

interface Sent {
  readonly sessionId: string;
  readonly message: string;
}

type Acknowledge = (answer: object) => void;

// As the product's API does.
goFirst();
const { port, databaseUrl, issuer, keysFile, clinicId } = JSON.parse(process.argv[2]!) as Options;
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
  const row: NewChatMessage = {
    id,
    sessionId,
    senderId: personId,
    senderRole: 'patient',
    type: 'text',
    content: Buffer.from(JSON.stringify({ text: message })),
    isEncrypted: false,
    isCrisis: false,
    clientKey: null,
    replyTo: null,
    attachmentIds: [],
  };
  const who = { actor: { id: personId, role: 'patient', clinicId }, requestId: id };
  const entry = toInsert(who, {
    action: 'message.send',
    objectType: 'message',
    objectId: id,
    subjectId: personId,
    changes: { sessionId },
  });
  // The product's own statement, without what the product does around it.
  const { name, text, values } = sendStatement(row, null, [entry]);
  const { rows } = await pool.query<SendOutcome>({ name, text, values: [...values] });
  const sent = rows[0]!;
  if (sent.outcome !== 'sent') throw new Error(sent.outcome);
  const { number, createdAt } = sent;
  return { id, sessionId, messageNumber: number, senderId: personId, message, createdAt };
}

server.listen(port, '127.0.0.1', () => console.log('the plain socket server listens'));
process.once('SIGTERM', () => {
  void io.close();
  void pool.end();
});
