import { Call, type Joined } from '../room/call.ts';
import type { Source } from '../room/media.ts';

/** One fake person in a browser's tab, moved by a test. */
declare global {
  interface Window {
    joinRoom(): Promise<Joined>;
    peer: TestPeer;
  }
}

/** How much has come from somebody: pictures decoded and sound, since the connection was made. */
export interface Received {
  readonly personId: string;
  readonly source: Source;
  readonly frames: number;
  readonly energy: number;
}

class TestPeer {
  readonly call: Call;
  readonly notices: string[] = [];
  readonly chat: string[] = [];
  readonly muteRequests: string[] = [];
  readonly #sinks = new Map<string, HTMLMediaElement>();

  constructor() {
    this.call = new Call(() => window.joinRoom(), {
      changed: () => this.#play(),
      chat: ({ name, text }) => this.chat.push(`${name}: ${text}`),
      notice: (text) => this.notices.push(text),
      muteRequested: (kind) => this.muteRequests.push(kind),
      replaced: () => undefined,
    });
  }

  async start(withMedia: boolean): Promise<void> {
    if (withMedia) {
      const video = { width: 160, height: 90, frameRate: 5 };
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video });
      for (const track of stream.getTracks()) {
        await this.call.send(track.kind === 'audio' ? 'microphone' : 'camera', track);
      }
    }
    await this.call.start();
  }

  get view() {
    const { phase, end, view, connections, people, waiting, reason } = this.call;
    return {
      phase,
      end,
      reason,
      connections,
      role: view?.role ?? null,
      breakout: view?.breakout?.name ?? null,
      people: [...people.values()].filter(({ isAway }) => !isAway).map(({ name }) => name),
      waiting: [...waiting.values()].map(({ personId }) => personId),
      breakouts: view?.breakouts ?? [],
    };
  }

  async received(): Promise<Received[]> {
    const stats = await this.call.stats();
    const flows = new Map<string, { framesDecoded?: number; totalAudioEnergy?: number }>();
    for (const each of stats?.values() ?? []) {
      if (each.type === 'inbound-rtp') flows.set(each.trackIdentifier, each);
    }
    return this.call.remote.map(({ personId, source, track }) => {
      const { framesDecoded = 0, totalAudioEnergy = 0 } = flows.get(track.id) ?? {};
      return { personId, source, frames: framesDecoded, energy: totalAudioEnergy };
    });
  }

  /** Sound is decoded only where something plays it. */
  #play(): void {
    const remote = this.call.remote;
    for (const { track } of remote) {
      if (this.#sinks.has(track.id)) continue;
      const sink = document.createElement(track.kind === 'audio' ? 'audio' : 'video');
      sink.srcObject = new MediaStream([track]);
      sink.muted = track.kind === 'video';
      this.#sinks.set(track.id, sink);
      sink.play().catch(() => undefined);
    }
    const live = new Set(remote.map(({ track }) => track.id));
    for (const [id, sink] of this.#sinks) {
      if (live.has(id)) continue;
      sink.srcObject = null;
      this.#sinks.delete(id);
    }
  }
}

window.peer = new TestPeer();
