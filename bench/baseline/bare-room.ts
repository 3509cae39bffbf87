import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createWorker } from 'mediasoup';
import type { types } from 'mediasoup';
import { Server, type Socket } from 'socket.io';
import { mediaCodecs } from '../../workers/media/codecs.ts';

/**
 * Run as a process of its own: `bare-room.ts <media worker>`. One room of bare mediasoup with as little
 * signalling as it can be had with: no tokens, no rules, nobody who waits, everybody hears everybody.
 */
const [workerBin = ''] = process.argv.slice(2);
const LOCAL = { ip: '127.0.0.1' };
const worker = await createWorker({ workerBin, logLevel: 'none' });
const router = await worker.createRouter({ mediaCodecs });
const producers = new Map<string, types.Producer>();
const server = createServer();
const io = new Server(server, { serveClient: false, cors: { origin: '*' } });

type Answer = (answer: object) => void;

/** All that a client asks for, each answered with an acknowledgement. */
function events(socket: Socket): Record<string, (body: never) => Promise<object> | object> {
  const transports = new Map<string, types.WebRtcTransport>();
  const consumers = new Map<string, types.Consumer>();
  socket.once('disconnect', () => transports.forEach((each) => each.close()));
  return {
    capabilities: () => ({ rtpCapabilities: router.rtpCapabilities }),
    transport: async () => {
      const listenInfos = [
        { protocol: 'udp' as const, ...LOCAL },
        { protocol: 'tcp' as const, ...LOCAL },
      ];
      const transport = await router.createWebRtcTransport({
        listenInfos,
        preferUdp: true,
        initialAvailableOutgoingBitrate: 600_000,
      });
      transports.set(transport.id, transport);
      const { id, iceParameters, iceCandidates, dtlsParameters } = transport;
      return { id, iceParameters, iceCandidates, dtlsParameters };
    },
    secure: async ({ id, dtlsParameters }: { id: string; dtlsParameters: never }) => {
      await transports.get(id)!.connect({ dtlsParameters });
      return {};
    },
    produce: async ({ id, ...options }: { id: string } & types.ProducerOptions) => {
      const producer = await transports.get(id)!.produce(options);
      producers.set(producer.id, producer);
      producer.observer.once('close', () => producers.delete(producer.id));
      socket.broadcast.emit('producer', { producerId: producer.id });
      return { id: producer.id };
    },
    producers: () => ({ producerIds: [...producers.keys()] }),
    consume: async ({ id, ...options }: { id: string } & types.ConsumerOptions) => {
      const consumer = await transports.get(id)!.consume({ ...options, paused: true });
      consumers.set(consumer.id, consumer);
      const { kind, rtpParameters, producerId } = consumer;
      return { id: consumer.id, producerId, kind, rtpParameters };
    },
    resume: async ({ id }: { id: string }) => {
      await consumers.get(id)!.resume();
      return {};
    },
  };
}

io.on('connection', (socket) => {
  const known = events(socket);
  socket.onAny((name: string, body: unknown, answer: Answer) => {
    // Whoever leaves while they are let hear somebody misses an answer.
    Promise.resolve(known[name]!(body as never)).then(answer, () => answer({}));
  });
});
process.once('disconnect', () => process.exit(0));
server.listen(0, () => {
  process.send?.({ url: `http://localhost:${(server.address() as AddressInfo).port}` });
});
