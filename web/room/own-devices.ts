import type { Call } from './call.ts';
import { openTrack, wasDenied } from './devices.ts';

export type OwnDevice = 'microphone' | 'camera';

/** What the panel around it says, and takes back when it is true no more. */
interface Words {
  say(text: string): void;
  unsay(text: string): void;
}

/** One's own microphone and camera in a room: they may end, give nothing, or be allowed only later. */
export class OwnDevices {
  readonly #call: Call;
  readonly #words: Words;
  readonly #opening = new Set<OwnDevice>();

  constructor(call: Call, words: Words) {
    this.#call = call;
    this.#words = words;
  }

  /** Sends it from now on. */
  async use(device: OwnDevice, track: MediaStreamTrack): Promise<void> {
    if (track.readyState === 'ended') {
      this.#words.say(hasStopped(device));
      return;
    }
    this.#listen(device, track);
    this.#words.unsay(hasStopped(device));
    await this.#call.send(device, track);
  }

  /** Switches it off or on; one that is not there, or was lost, is asked for. */
  async toggle(device: OwnDevice): Promise<void> {
    const own = this.#call.tracks.get(device);
    if (own !== undefined) return this.#call.pause(device, !own.isPaused);
    if (this.#opening.has(device)) return;
    this.#opening.add(device);
    try {
      await this.#open(device);
    } finally {
      this.#opening.delete(device);
    }
  }

  async #open(device: OwnDevice): Promise<void> {
    const mode = device === 'microphone' ? 'audio' : 'video';
    const track = await openTrack(mode);
    if (track === null) throw new Error(wasDenied(mode) ? isDenied(device) : isMissing(device));
    // Whoever has left meanwhile is not to be seen or heard any more.
    if (this.#call.phase === 'over') track.stop();
    else await this.use(device, track);
  }

  #listen(device: OwnDevice, track: MediaStreamTrack): void {
    const silent = `Nothing comes from your ${device} just now.`;
    track.addEventListener('mute', () => this.#words.say(silent));
    track.addEventListener('unmute', () => this.#words.unsay(silent));
    track.addEventListener('ended', () => {
      if (this.#call.tracks.get(device)?.track !== track) return;
      this.#words.say(hasStopped(device));
      this.#call.stop(device).catch(() => undefined);
    });
  }
}

function hasStopped(device: OwnDevice): string {
  return `Your ${device} has stopped. You can switch it on again.`;
}

function isDenied(device: OwnDevice): string {
  return `Your ${device} is not allowed here. Allow it beside the address, then switch it on.`;
}

function isMissing(device: OwnDevice): string {
  return `There is no ${device}, or something else uses it.`;
}
