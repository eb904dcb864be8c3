import type { Bench } from './check.ts';

// Packets on their way are given a moment before a capture ends: what must not come cannot be waited for.
const MOMENT = 0.5;
/** Otherwise a packet waits up to a second for others in the kernel, and is lost when the capture ends before. */
const AT_ONCE = '--immediate-mode';

/** Starts to note packets on the host's bridge; the function returned ends that and tells them, a line each. */
export async function watchHost({ host, folder }: Bench, filter: string): Promise<() => Promise<string>> {
  const file = `${folder}/host-${Date.now()}.pcap`;
  const child = host.start('tcpdump', [
    ...['-i', host.addresses.bridge, AT_ONCE, '-n', '-U', '-w', file],
    filter,
  ]);
  await new Promise<void>((resolve) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      if (chunk.includes('listening on')) resolve();
    });
  });
  return async () => {
    const ended = new Promise((resolve) => child.on('exit', resolve));
    await host.sh(`sleep ${MOMENT}`);
    child.kill('SIGINT');
    await ended;
    return (await host.exec('tcpdump', ['-n', '-r', file])).stdout;
  };
}

/** Runs a command where the packets are, and returns what it printed; throws when it fails. */
type Place = (command: string) => Promise<string>;

async function watch(
  place: Place,
  filter: string,
  device: string,
  words: string,
): Promise<() => Promise<string>> {
  const name = `/tmp/air-${Date.now()}`;
  // Neither place has an account of tcpdump's own to change to.
  await place(`tcpdump -i ${device} ${AT_ONCE} -n -U -Z root -w ${name}.pcap '${filter}' >${name}.log 2>&1 & echo $! >${name}.pid
    until grep -q 'listening on' ${name}.log; do kill -0 $! || { cat ${name}.log; exit 1; }; sleep 0.1; done`);
  return () =>
    place(
      `sleep ${MOMENT}; pid=$(cat ${name}.pid); kill -INT $pid; while kill -0 $pid 2>/dev/null; do sleep 0.1; done
        tcpdump -n ${words} -Z root -r ${name}.pcap`,
    );
}

/**
 * The same on the access point's side; device `any`, unlike others, need not be there yet. `words` are more options for
 * the telling, such as -vv. What a station says to all is there twice: the access point repeats it.
 */
export function watchAir(
  { air }: Bench,
  filter: string,
  device = 'ap0',
  words = '',
): Promise<() => Promise<string>> {
  return watch(async (command) => (await air.ok(command)).stdout, filter, device, words);
}

/** The same at the guest's card. */
export function watchCard({ agent }: Bench, filter: string): Promise<() => Promise<string>> {
  const place: Place = async (command) => {
    const { code, stdout, stderr } = await agent.run('bench', command);
    if (code !== 0) throw new Error(`at the card: ${command}: ${code}: ${stdout}${stderr}`);
    return stdout;
  };
  return watch(place, filter, 'wlan0', '');
}
