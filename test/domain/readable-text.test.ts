import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cleanFilename } from '../../domain/attachments.ts';
import { isUnreadable } from '../../domain/readable-text.ts';

describe('a text that nobody here can read', () => {
  test('is what a client has encrypted, in any usual encoding', () => {
    const bytes = randomBytes(48);
    const sealed = [bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('hex')];
    expect(sealed.map((text) => isUnreadable(text, true))).toEqual([true, true, true]);
    const lines = bytes.toString('base64').replaceAll(/.{20}/g, '$&\r\n');
    expect(isUnreadable(lines, true)).toBe(true);
    expect(isUnreadable('-----BEGIN PGP MESSAGE-----\nabc', false)).toBe(true);
    expect(isUnreadable(bytes.toString('latin1'), false)).toBe(true);
  });

  test('is no text with words, however it is drawn out or broken', () => {
    const cries = [
      'heeeeeeeeeeeeeeeeeeeeeelp',
      'I took 20 pills',
      'HELP\n\n\n\tme',
      'мне очень плохо сегодня',
      '我想死',
      '😭😭😭😭😭😭😭😭😭😭😭😭',
      'i.want.to.die.right.now.please',
    ];
    expect(cries.filter((text) => isUnreadable(text, true))).toEqual([]);
  });
});

test('a file name is safe in a header, a path and a page, whatever it was', () => {
  const types = fc.constantFrom('image/png', 'application/pdf', 'text/plain');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), types, (given, type) => {
      const name = cleanFilename(given, type);
      expect(name).toMatch(/^[^\p{Cc}\p{Cf}"'<>|:*?%;$&\\/.][^\p{Cc}\p{Cf}"<>|:*?%;$&\\/]*$/u);
      expect(name).toMatch(/\.(png|apng|pdf|txt|text|md|log|csv)$/);
      expect([...name].length).toBeLessThanOrEqual(110);
      expect(() => encodeURIComponent(name)).not.toThrow();
      expect(cleanFilename(name, type)).toBe(name);
    }),
  );
  expect(cleanFilename('C:\\Users\\me\\Brief an Mama.PDF', 'application/pdf')).toBe(
    'Brief an Mama.pdf',
  );
  expect(cleanFilename('invoice.pdf.exe', 'text/plain')).toBe('invoice.pdf.exe.txt');
});
