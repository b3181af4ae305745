/** The plugin's `type`, which is its file's name. */
export const pluginName = "fairway";

/**
 * The name under which the binary serves other plugins. It has a file of its own, so that the entry loads no
 * more for it.
 */
export const ipamPluginName = "fairway-ipam";

/** kubectl starts the program of this name for `kubectl fairway`. */
export const kubectlPluginName = "kubectl-fairway";
