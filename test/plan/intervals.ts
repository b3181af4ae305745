/** IPv4 networks as texts: "10.1.0.0/24", an address alone, or several fields joined by " . ". */

function rangeOf(cidr: string): [first: number, last: number] {
  const [address = "", length = "32"] = cidr.split("/");
  const size = 2 ** (32 - Number(length));
  const value = address.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0);
  const first = Math.floor(value / size) * size;
  return [first, first + size - 1];
}

export function overlapping(a: string, b: string): boolean {
  const others = b.split(" . ");
  return a.split(" . ").every((field, i) => {
    const [first, last] = rangeOf(field);
    const [otherFirst, otherLast] = rangeOf(others[i] ?? "");
    return first <= otherLast && otherFirst <= last;
  });
}
