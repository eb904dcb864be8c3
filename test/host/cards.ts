/**
 * A table of cards as a bundle has it in lib/cards.tsv, with one card of each sort. What is true of them is in
 * profiles/cards.yaml; here stands what a test needs.
 */
const ROWS: readonly string[] = [
  '8086:24f3|-|intel|works|if_iwm if_iwlwifi|wlans_iwm0 wlans_iwlwifi0|13.0=11g 14.3=11ac|Intel Wireless-AC 8260|-',
  '8086:24fd|-|intel|works|if_iwm if_iwlwifi|wlans_iwm0 wlans_iwlwifi0|13.0=11g|Intel Wireless-AC 8265|-',
  '8086:2723|-|intel|works|if_iwlwifi|wlans_iwlwifi0|-|Intel Wi-Fi 6 AX200|-',
  '8086:0082|-|intel|reported|if_iwn|wlans_iwn0|13.0=11n|Intel Centrino Advanced-N 6205|-',
  // The radio decides, and it shows in the subdevice alone.
  '8086:51f0|0090 0094|intel|works|if_iwlwifi|wlans_iwlwifi0|-|Intel Wi-Fi 6E AX211|-',
  '8086:51f0|0030|intel|never|if_iwlwifi|wlans_iwlwifi0|-|Intel Wi-Fi with a Killer|It hands its own address to the firmware.',
  '8086:51f0|-|intel|untested|if_iwx|wlans_iwx0|-|Intel Wi-Fi 6E AX211|-',
  '14c3:0616|-|mediatek|reported|if_mt79|wlans_mt790|-|MediaTek MT7922|Often FreeBSD cannot reset it (FLR): "Transactions pending after FLR!" in dmesg is that.',
  '14c3:7922|-|mediatek|reported|if_mt79|wlans_mt790|-|MediaTek MT7922|Often FreeBSD cannot reset it.',
  '10ec:c822|-|realtek|works|if_rtw88|wlans_rtw880|-|Realtek RTL8822CE|-',
  '10ec:8179|-|realtek|works|if_rtwn_pci|wlans_rtwn0|13.0=11n|Realtek RTL8188EE|-',
  '17cb:1103|-|qualcomm|never|-|-|-|Qualcomm WCN6855|Its driver hands an address of the host to the firmware.',
  '1814:3090|-|ralink|works|if_ral|wlans_ral0|13.0=11n|Ralink RT3090|-',
  '14e4:43a0|-|broadcom|never|if_bwn_pci|wlans_bwn0|-|Broadcom BCM4360|Linux drives it only by wl, which no Alpine package has.',
];

/** The bytes of lib/cards.tsv. */
export const CARDS = `# ID SUBSYSTEMS MAKER VERDICT MODULES RC NATIVE NAME TEXT\n${ROWS.map(
  (row) => `${row.replaceAll('|', '\t')}\n`,
).join('')}`;

/** What a profile with `pci: auto` and the maker intel makes of the templates. */
export const INTEL = {
  profile: 'intel',
  deviceList: '',
  slotList: '',
  places: '',
  drivers: '',
  retire: [],
  retired: '',
  wanted: '8086:24f3 8086:24fd 8086:2723 8086:0082 8086:51f0',
  maker: 'intel',
  slot: '5:0',
} as const;
