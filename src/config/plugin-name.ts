/** The name under which the binary serves other plugins. By itself: the entry loads no more for it. */
export const ipamPluginName = "fairway-ipam";
