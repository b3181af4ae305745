/** Finds which other plugins of a chain limit pods, too. Pure. */
import { pluginName } from "../config/plugin-name.ts";
import { isObject } from "../config/section.ts";

/** The reference plugin that limits pods. Fairway takes its capability, and does what it does. */
const referenceShaper = "bandwidth";

export interface OtherShaper {
  /** Its place in the list. */
  at: number;
  isReference: boolean;
  words: string;
}

/** They are known by their type, or by the capability that they ask for. */
export function shapersAmong(plugins: readonly unknown[]): OtherShaper[] {
  return plugins.flatMap((plugin, at): OtherShaper[] => {
    if (!isObject(plugin) || plugin.type === pluginName) return [];
    const { type, capabilities } = plugin;
    const place = `plugins[${at}]`;
    if (type === referenceShaper)
      return [{ at, isReference: true, words: `${place} is the reference plugin ${type}` }];
    return isObject(capabilities) && capabilities.bandwidth === true
      ? [
          {
            at,
            isReference: false,
            words: `${place}, ${String(type)}, asks for the capability "bandwidth"`,
          },
        ]
      : [];
  });
}
