/** Networks as texts: "10.1.0.0/24", an address alone, or several fields joined by " . ". */
import { parseIp } from "../../src/config/addresses.ts";
import { addressBits } from "../../src/plan/ip.ts";

function rangeOf(cidr: string): { family: 4 | 6; first: bigint; last: bigint } {
  // A port is a number by itself.
  if (/^\d+$/.test(cidr)) return { family: 4, first: BigInt(cidr), last: BigInt(cidr) };
  const [address = "", length] = cidr.split("/");
  const { family, value } = parseIp(address, cidr);
  const size = 1n << BigInt(addressBits[family] - Number(length ?? addressBits[family]));
  const first = (value / size) * size;
  return { family, first, last: first + size - 1n };
}

export function overlapping(a: string, b: string): boolean {
  const others = b.split(" . ");
  return a.split(" . ").every((field, i) => {
    const [one, other] = [rangeOf(field), rangeOf(others[i] ?? "")];
    return one.family === other.family && one.first <= other.last && other.first <= one.last;
  });
}
