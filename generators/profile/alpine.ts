import * as field from './fields.ts';

const MIRROR =
  /^(?!.*\/v[0-9]+\.[0-9]+(\/|$))https?:\/\/([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(\/[A-Za-z0-9._~%+-]+)*\/?$/;

/** The part of a mirror's URL before `/v3.24/releases/...`; read without a slash at the end. */
export const mirrorField = field
  .text(MIRROR, {
    description:
      'Alpine mirror: the part of the URL before /v3.24/releases/. The pinned hash decides, not the mirror.',
    allowed: 'an http or https URL without user, query or fragment, up to the part before /v3.24/',
    example: 'https://dl-cdn.alpinelinux.org/alpine',
  })
  .transform((url) => url.replace(/\/$/, ''));

/** The name of an Alpine package; versions and repository tags would break the guest's list of packages. */
export const packageField = field.text(
  /^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/,
  {
    description: 'Alpine package name.',
    allowed: 'the name of an Alpine package without a version',
    example: 'tcpdump',
  },
  64,
);

export const releaseField = field.text(/^[0-9]+\.[0-9]+\.[0-9]+$/, {
  description: 'Alpine release; it has to be pinned in profiles/releases.yaml.',
  allowed: 'an Alpine release with three numbers',
  example: '3.24.1',
});

export const flavorField = field.choice(
  ['standard', 'extended'],
  'Flavour of the ISO: extended carries all packages of the guest, standard is a quarter of the size and the guest ' +
    'fetches what is missing over its own Wi-Fi.',
);

export const archField = field.choice(['x86_64'], 'Architecture of the guest.');

export const alpine = field.group(
  {
    release: releaseField,
    flavor: flavorField.default('standard'),
    arch: archField.default('x86_64'),
    mirrors: field
      .list(mirrorField, { description: 'Where the ISO is looked for, in this order.', least: 1, most: 16 })
      .prefault(['https://dl-cdn.alpinelinux.org/alpine', 'https://mirrors.edge.kernel.org/alpine']),
    packages: field.list(packageField, { description: 'Further Alpine packages for the guest.' }).default([]),
  },
  'The Alpine Linux that runs in the guest.',
);
