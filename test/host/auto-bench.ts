import { INTEL } from './cards.ts';
import { PCICONF } from './laptop.ts';
import { Machine } from './machine.ts';

/** A card in a machine: where it is, what it is, and what FreeBSD would drive it with. */
export interface Card {
  readonly place: string;
  readonly id: string;
  readonly subdevice?: string;
  /** Six digits; without it that of a Wi-Fi card. */
  readonly kind?: string;
  readonly natives?: readonly (readonly [driver: string, module: string])[];
}

const IWM = [
  ['iwm', 'if_iwm'],
  ['iwlwifi', 'if_iwlwifi'],
] as const;

export const AC8260: Card = { place: '4/0/0', id: '8086:24f3', natives: IWM };
export const AC8265: Card = { place: '5/0/0', id: '8086:24fd', natives: IWM };

/** From now on these are the cards of the machine; what held them before knows nothing of them. */
export function putCards(machine: Machine, ...cards: readonly Card[]): void {
  const lines = cards.map(({ place, id, subdevice = '0130', kind = '028000' }, number) => {
    const [vendor = '', device = ''] = id.split(':');
    return `none${number}@${selectorOf(place)}:\tclass=0x${kind} rev=0x3a hdr=0x00 vendor=0x${vendor} device=0x${device} subvendor=0x8086 subdevice=0x${subdevice}\n`;
  });
  machine.put('pciconf', `${PCICONF.split('\n')[0] ?? ''}\n${lines.join('')}`);
  machine.put(
    'native',
    cards
      .flatMap(({ place, natives = [] }) =>
        natives.map((native) => `${selectorOf(place)} ${native.join(' ')}\n`),
      )
      .join(''),
  );
}

const selectorOf = (place: string): string => `pci0:${place.replaceAll('/', ':')}`;

/** A laptop with these cards on which airhive was never installed, and the bundle of a maker. */
export function makerLaptop(cards: readonly Card[], view: Record<string, unknown> = {}): Machine {
  const machine = new Machine({ host: 'laptop', view: { ...INTEL, ...view } });
  putCards(machine, ...cards);
  machine.play('boot');
  return machine;
}
