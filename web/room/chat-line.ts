import type { types } from 'mediasoup-client';
import type { Signal } from './signal.ts';

interface ConsumeTerms {
  readonly dataConsumerId: string;
  readonly dataProducerId: string;
  readonly sctpStreamParameters: types.SctpStreamParameters;
  readonly label: string;
  readonly protocol: string;
}

/** The data channels of one connection: what is written goes out by one and comes in by the other. */
export class ChatLine {
  readonly #signal: Signal;
  readonly #receive: types.Transport;
  readonly #send: types.Transport;
  #outgoing: types.DataProducer | null = null;
  #incoming: types.DataConsumer | null = null;
  #isHeard = false;

  constructor(signal: Signal, receive: types.Transport, send: types.Transport) {
    this.#signal = signal;
    this.#receive = receive;
    this.#send = send;
    send.on('producedata', ({ sctpStreamParameters }, done, failed) => {
      signal
        .ask<{ dataProducerId: string }>('produce-data', {
          transportId: send.id,
          sctpStreamParameters,
        })
        .then(({ dataProducerId }) => done({ id: dataProducerId }), failed);
    });
  }

  /** Whether words go out by a channel now. */
  get isOpen(): boolean {
    const isWell = this.#send.connectionState === 'connected';
    return isWell && this.#outgoing?.readyState === 'open';
  }

  /** Opens both; `hear` is given what comes in, `onLoss` is told when nothing may come in any more. */
  async open(hear: (message: unknown) => void, onLoss: () => void): Promise<void> {
    const { dataConsumerId: id, ...terms } = await this.#signal.ask<ConsumeTerms>('consume-data', {
      transportId: this.#receive.id,
    });
    const incoming = await this.#receive.consumeData({ id, ...terms });
    this.#incoming = incoming;
    incoming.on('message', (data: unknown) => {
      if (typeof data === 'string') hear(JSON.parse(data));
    });
    const look = (): void => this.#tell(onLoss);
    incoming.on('open', look);
    incoming.on('close', look);
    this.#receive.on('connectionstatechange', look);
    look();
    this.#outgoing = await this.#send.produceData({ ordered: true, label: 'chat' });
  }

  say(words: object): void {
    this.#outgoing?.send(JSON.stringify(words));
  }

  stats(): Promise<RTCStatsReport> {
    return this.#receive.getStats();
  }

  /** The room writes to the channel while it is heard here, and over signalling otherwise. */
  #tell(onLoss: () => void): void {
    const isOpen =
      this.#incoming?.readyState === 'open' && this.#receive.connectionState === 'connected';
    if (isOpen === this.#isHeard) return;
    this.#isHeard = isOpen;
    // A connection that has ended needs no word; what was lost on the way is asked for.
    this.#signal.ask('use-chat-channel', { isOpen }).then(
      () => (isOpen ? undefined : onLoss()),
      () => undefined,
    );
  }
}
