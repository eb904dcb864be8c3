import { isCountry } from '../countries.ts';
import type { Path } from '../path.ts';
import { error, warning, type Problem } from '../problem.ts';
import type { Check, Rule } from './rule.ts';

/** What Linux calls the loopback and the virtio-net device towards the host. */
const TAKEN = ['lo', 'eth0'];

const wifiHasItsOwnInterface: Check = (profile) => {
  const name = profile.wifi?.interface;
  if (name === undefined || !TAKEN.includes(name)) return [];
  return [
    error(
      ['wifi', 'interface'],
      `${name} is ${name === 'lo' ? 'the loopback' : 'the way to the host'}; for example wlan0`,
    ),
  ];
};

const countryExists: Check = ({ wifi }) => {
  const country = wifi?.country;
  if (country === undefined || isCountry(country)) return [];
  const hint = country === 'UK' ? 'the United Kingdom is GB' : 'the codes are those of ISO 3166';
  return [
    warning(
      ['wifi', 'country'],
      `${country} is no country, so the radio would keep to the few channels of the world domain; ${hint}`,
    ),
  ];
};

function repeated(path: Path, names: readonly (string | undefined)[] = []): Problem[] {
  return names.flatMap((name, index) =>
    name === undefined || names.indexOf(name) === index
      ? []
      : [error([...path, index], `${name} is listed twice; remove one of the two`)],
  );
}

const namesAreListedOnce: Check = ({ alpine, host, passthrough = [] }) => [
  ...repeated(['alpine', 'mirrors'], alpine?.mirrors),
  ...repeated(['alpine', 'packages'], alpine?.packages),
  ...passthrough.flatMap((device, index) => repeated(['passthrough', index, 'drivers'], device?.drivers)),
  ...repeated(['host', 'retire'], host?.retire),
];

export const guestRules: readonly Rule[] = [
  {
    demand: '`wifi.interface` is neither lo nor eth0, which the guest has for other ends.',
    otherwise: 'error',
    check: wifiHasItsOwnInterface,
  },
  {
    demand: '`wifi.country` is a code of ISO 3166.',
    otherwise: 'warning',
    check: countryExists,
  },
  {
    demand:
      'Nothing stands twice in `alpine.mirrors`, in `alpine.packages`, in `host.retire`, or in the `drivers` of one device.',
    otherwise: 'error',
    check: namesAreListedOnce,
  },
];
