// IP addresses and networks, by value: spellings of one IPv6 address are one address, and an IPv4 address is the
// IPv6 address that maps it, as in Elasticsearch. Which text is an address is Node's to say.
import { isIP } from 'node:net';

/** 16 bytes as 32 hex digits, so that text order is address order. A zone (`%eth0`) is left out. Null: no address. */
export function addressKey(text: string): string | null {
  const family = isIP(text);
  if (family === 0) return null;
  return family === 4 ? `00000000000000000000ffff${hexOfDotted(text)}` : hexOfGroups(text);
}

function hexOfDotted(text: string): string {
  return text
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('');
}

function hexOfGroups(text: string): string {
  const zone = text.indexOf('%');
  let address = (zone === -1 ? text : text.slice(0, zone)).toLowerCase();
  if (address.includes('.')) {
    const start = address.lastIndexOf(':') + 1;
    const hex = hexOfDotted(address.slice(start));
    address = `${address.slice(0, start)}${hex.slice(0, 4)}:${hex.slice(4)}`;
  }
  const [left, right] = address.split('::');
  const head = left ? left.split(':') : [];
  const tail = right ? right.split(':') : [];
  const gap = right === undefined ? [] : Array<string>(8 - head.length - tail.length).fill('0');
  return [...head, ...gap, ...tail].map((group) => group.padStart(4, '0')).join('');
}

/** A test of addresses against `address/prefix`; null: the text is no network. Host bits are ignored. */
export function networkTest(text: string): ((address: string) => boolean) | null {
  const slash = text.lastIndexOf('/');
  if (slash === -1 || !/^\d{1,3}$/.test(text.slice(slash + 1))) return null;
  const address = text.slice(0, slash);
  const key = addressKey(address);
  const prefix = Number(text.slice(slash + 1));
  const family = isIP(address);
  if (key === null || prefix > (family === 4 ? 32 : 128)) return null;
  const bits = family === 4 ? prefix + 96 : prefix;
  const network = key.slice(0, bits >> 2);
  const shift = 4 - (bits & 3);
  const rest = shift === 4 ? null : Number.parseInt(key[bits >> 2]!, 16) >> shift;
  return (candidate) => {
    const other = addressKey(candidate);
    if (!other?.startsWith(network)) return false;
    return rest === null || Number.parseInt(other[bits >> 2]!, 16) >> shift === rest;
  };
}
