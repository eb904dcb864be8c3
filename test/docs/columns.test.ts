import { describe, expect, it } from 'vitest';
import { PAGE, textOf } from './documents.ts';

/** A console of FreeBSD has 80 columns, and who is offline reads there. */
const WIDTH = 80;

/** Its lines that do not fit a console. */
const tooLong = (text: string): string[] => text.split('\n').filter((line) => line.length > WIDTH);

describe('what is read on a console fits it', () => {
  it('the troubleshooting page', () => {
    expect(tooLong(textOf(PAGE))).toEqual([]);
  });
});
