/** Kernel objects by key. */
import { type KernelObject, keyOf } from "../../src/plan/state.ts";

export class Refused extends Error {}

export function refuse(why: string): never {
  throw new Refused(why);
}

type Kind = KernelObject["kind"];
type Of<K extends Kind> = Extract<KernelObject, { kind: K }>;

export class FakeStore {
  readonly objects = new Map<string, KernelObject>();

  put(object: KernelObject): void {
    this.objects.set(keyOf(object), object);
  }

  putNew(object: KernelObject): void {
    if (this.has(keyOf(object))) refuse(`${keyOf(object)} exists`);
    this.put(object);
  }

  has(key: string): boolean {
    return this.objects.has(key);
  }

  get<K extends Kind>(kind: K, ...name: string[]): Of<K> | null {
    const found = this.objects.get([kind, ...name].join(" "));
    return found?.kind === kind ? (found as Of<K>) : null;
  }

  all<K extends Kind>(kind: K): Of<K>[] {
    return [...this.objects.values()].filter((o): o is Of<K> => o.kind === kind);
  }

  drop(...objects: KernelObject[]): void {
    for (const object of objects) this.objects.delete(keyOf(object));
  }
}
