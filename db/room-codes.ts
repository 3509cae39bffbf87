import { randomInt } from 'node:crypto';

const ROOM_ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

/** Nine characters of 32: nobody guesses a room, and a person can read it out. */
export function roomCode(): string {
  return Array.from({ length: 9 }, () => ROOM_ALPHABET[randomInt(ROOM_ALPHABET.length)]).join('');
}
