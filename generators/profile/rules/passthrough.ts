import { error } from '../problem.ts';
import type { Check, Rule } from './rule.ts';

/** Longest value of one loader variable (vmm(4), "pptdevs"). */
const PPTDEVS_LIMIT = 128;

const devicesDiffer: Check = ({ passthrough = [] }) => {
  const seen = new Map<string, number>();
  return passthrough.flatMap((device, index) => {
    const pci = device?.pci?.text;
    if (pci === undefined) return [];
    const first = seen.get(pci);
    if (first === undefined) {
      seen.set(pci, index);
      return [];
    }
    return [
      error(['passthrough', index, 'pci'], `${pci} is passthrough[${first}] already; remove one of the two`),
    ];
  });
};

/** A list of eight always fits; this is about longer ones, which get their other error too. */
const pptdevsFit: Check = ({ passthrough = [] }) => {
  const value = passthrough.flatMap((device) => device?.pci?.text ?? []).join(' ');
  if (value.length <= PPTDEVS_LIMIT) return [];
  return [
    error(
      ['passthrough'],
      `pptdevs in loader.conf would be ${value.length} characters; the loader keeps ${PPTDEVS_LIMIT}; name fewer devices`,
    ),
  ];
};

export const passthroughRules: readonly Rule[] = [
  {
    demand: 'No two devices have the same `pci`.',
    otherwise: 'error',
    check: devicesDiffer,
  },
  {
    demand: `The places of all devices fit into pptdevs of loader.conf, ${PPTDEVS_LIMIT} characters.`,
    otherwise: 'error',
    check: pptdevsFit,
  },
];
