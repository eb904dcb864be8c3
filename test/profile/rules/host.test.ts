import { expect, test } from 'vitest';
import { complaints } from '../example.ts';

test.each(['13.0', '13.5', '14.3', '15.0', '15.12'])('FreeBSD %s is supported', (freebsd) =>
  expect(complaints({ host: { freebsd } })).toEqual([]),
);

test.each([
  ['12.4', 'devmatch_blocklist'],
  ['9.3', 'devmatch_blocklist'],
  ['16.0', 'nobody has tried it yet'],
])('FreeBSD %s is not', (freebsd, reason) =>
  expect(complaints({ host: { freebsd } })).toEqual([
    expect.stringMatching(
      new RegExp(
        `^host\\.freebsd \\[unsupported\\]: FreeBSD ${freebsd} is not supported: .*${reason}.*13\\.0 to 15\\.x$`,
      ),
    ),
  ]),
);
