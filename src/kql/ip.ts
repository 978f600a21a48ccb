// IP addresses and networks, by value: spellings of one IPv6 address are one address. Parsing is Node's own.
import { BlockList, isIP, SocketAddress } from 'node:net';

/** 16 bytes as 32 hex digits; IPv4 as its mapped IPv6 form. Null: not an address. */
export function addressKey(text: string): string | null {
  const family = isIP(text);
  if (family === 0) return null;
  if (family === 4) {
    const hex = text.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
    return `00000000000000000000ffff${hex.join('')}`;
  }
  // SocketAddress normalises; a zone (`%eth0`) is no part of the address.
  const { address } = new SocketAddress({ address: text.split('%')[0]!, family: 'ipv6' });
  return expand(address);
}

function expand(address: string): string {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const hex = dotted
    ? `${dotted[1]}${pair(dotted[2]!, dotted[3]!)}:${pair(dotted[4]!, dotted[5]!)}`
    : address;
  const [left, right] = hex.split('::');
  const head = left ? left.split(':') : [];
  const tail = right ? right.split(':') : [];
  const gap = hex.includes('::') ? Array<string>(8 - head.length - tail.length).fill('0') : [];
  return [...head, ...gap, ...tail]
    .map((group) => group.padStart(4, '0'))
    .join('')
    .toLowerCase();
}

function pair(a: string, b: string): string {
  return (Number(a) * 256 + Number(b)).toString(16);
}

/** A test of addresses against `address/prefix`; null: the text is no network. Host bits are ignored. */
export function networkTest(text: string): ((address: string) => boolean) | null {
  const slash = text.lastIndexOf('/');
  if (slash === -1 || !/^\d{1,3}$/.test(text.slice(slash + 1))) return null;
  const address = text.slice(0, slash);
  const prefix = Number(text.slice(slash + 1));
  const family = isIP(address);
  if (family === 0 || prefix > (family === 4 ? 32 : 128)) return null;
  const list = new BlockList();
  list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return (candidate) => {
    const kind = isIP(candidate);
    return kind !== 0 && list.check(candidate.split('%')[0]!, kind === 4 ? 'ipv4' : 'ipv6');
  };
}
