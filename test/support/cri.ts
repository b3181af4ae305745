/** A runtime's answer, encoded as it would. */

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

export function number(field: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(field * 8), ...varint(value)]);
}

export function counted(field: number, bytes: Uint8Array): Uint8Array {
  return Uint8Array.from([...varint(field * 8 + 2), ...varint(bytes.length), ...bytes]);
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** ListPodSandboxResponse: id 1, metadata 2 {name 1}, state 3. */
export function listResponse(ids: string[]): Uint8Array {
  return Buffer.concat(
    ids.map((id) =>
      counted(
        1,
        Buffer.concat([counted(1, text(id)), counted(2, counted(1, text("pod"))), number(3, 1)]),
      ),
    ),
  );
}

/** gRPC's frame. */
export function frame(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}
