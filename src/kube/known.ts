/** The objects that a list and the events after it come to. Pure but for what it holds. */
import { isOlder, type Json, type Meta, metaOf } from "./objects.ts";
import type { WatchEvent } from "./watch-event.ts";

interface Held<T> {
  meta: Meta;
  value: T;
}

const nameOf = ({ namespace, name }: Meta): string => `${namespace}/${name}`;

/** Events may repeat, come late, or have been lost: what counts is what each says of its own object. */
export class Known<T> {
  readonly #read: (object: Json, meta: Meta) => T;
  #held = new Map<string, Held<T>>();
  /** The uid by name: one name belongs to one object at a time. */
  #uids = new Map<string, string>();

  constructor(read: (object: Json, meta: Meta) => T) {
    this.#read = read;
  }

  get values(): T[] {
    return [...this.#held.values()].map(({ value }) => value);
  }

  /** A whole list takes the place of all that was known. */
  replace(objects: readonly unknown[]): void {
    [this.#held, this.#uids] = [new Map(), new Map()];
    for (const object of objects) this.#put(object as Json);
  }

  /** Tells whether anything may be otherwise now. */
  take(event: WatchEvent): boolean {
    if (event.type === "bookmark") return false;
    if (event.type === "changed") return this.#put(event.object);
    const meta = metaOf(event.object);
    // One that was made anew under the same name stays.
    return meta !== null && this.#remove(meta.uid);
  }

  #put(object: Json): boolean {
    const meta = metaOf(object);
    if (meta === null) return false;
    const before = this.#held.get(meta.uid);
    if (before !== undefined && isOlder(meta.resourceVersion, before.meta.resourceVersion))
      return false;
    const former = this.#uids.get(nameOf(meta));
    // Its deletion was not heard.
    if (former !== undefined && former !== meta.uid) {
      const rival = this.#held.get(former);
      if (rival !== undefined && isOlder(meta.resourceVersion, rival.meta.resourceVersion))
        return false;
      this.#remove(former);
    }
    this.#held.set(meta.uid, { meta, value: this.#read(object, meta) });
    this.#uids.set(nameOf(meta), meta.uid);
    return true;
  }

  #remove(uid: string): boolean {
    const held = this.#held.get(uid);
    if (held === undefined) return false;
    this.#held.delete(uid);
    if (this.#uids.get(nameOf(held.meta)) === uid) this.#uids.delete(nameOf(held.meta));
    return true;
  }
}
