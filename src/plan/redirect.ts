/**
 * How packets to a pod that another plugin routes to come into the ingress tree. Their class is in
 * skb->priority, but not every kernel has a classifier that can ask for it. So a packet that has a class also
 * gets a mark, after everybody else's postrouting (ruleset.ts), and a filter on the pod's host interface
 * sends packets with the mark through the IFB. What the IFB hands back passes no filter again
 * (tc_skip_classify), and the mark is removed when the packet enters the pod's namespace (skb_scrub_packet).
 *
 * The filter is classic BPF, since a kernel without CONFIG_CLS_U32_MARK accepts u32's `match mark` and
 * ignores it.
 */

/** The mark uses all 32 bits, so that it is nobody's flag. */
export const ingressMark = 0xfa01_fa01;

/** struct sock_filter (include/uapi/linux/filter.h) */
interface Instruction {
  code: number;
  jt: number;
  jf: number;
  k: number;
}

/** SKF_AD_OFF + SKF_AD_MARK (include/uapi/linux/filter.h), as 32 bits. */
const markOffset = (0x1_0000_0000 - 0x1000 + 20) >>> 0;

export const markProgram: readonly Instruction[] = [
  { code: 0x20, jt: 0, jf: 0, k: markOffset }, // ld mark
  { code: 0x15, jt: 0, jf: 1, k: ingressMark }, // jeq
  { code: 0x06, jt: 0, jf: 0, k: 0xffff_ffff }, // ret: matches, with the filter's own class
  { code: 0x06, jt: 0, jf: 0, k: 0 }, // ret: does not
];

/** The program in the form that tc reads. */
export function bytecode(): string {
  const text = markProgram.map(({ code, jt, jf, k }) => `${code} ${jt} ${jf} ${k}`);
  return `${markProgram.length},${text.join(",")}`;
}

/** The program in the form in which the kernel tells it. */
export function programBytes(): Uint8Array {
  const bytes = new Uint8Array(markProgram.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, { code, jt, jf, k }] of markProgram.entries()) {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, jt);
    view.setUint8(index * 8 + 3, jf);
    view.setUint32(index * 8 + 4, k, true);
  }
  return bytes;
}
