/**
 * This one binary is a CNI plugin where a runtime calls it, by either of its names, and the operator's tool
 * where a person does; under a third name it is what kubectl starts for `kubectl fairway`.
 */
import { ipamPluginName } from "../src/config/plugin-name.ts";
import { nameOf } from "../src/paths.ts";

/**
 * Each entry is one module where scripts/build has made it: how long a verb waits depends on the number of
 * modules, too.
 */
function entryOf(verb: string): Promise<{ main: () => Promise<void> }> {
  if (nameOf(process.argv0) === ipamPluginName) return import("#entry/ipam");
  switch (verb) {
    case "ADD":
      return import("#entry/add");
    case "DEL":
      return import("#entry/del");
    case "CHECK":
      return import("#entry/check");
    default:
      return import("#entry/node");
  }
}

const verb = process.env.CNI_COMMAND;
if (verb === undefined) {
  const { operatorMain } = await import("../src/ops/main.ts");
  process.exitCode = await operatorMain(nameOf(process.argv0), process.argv.slice(2));
} else {
  const { main } = await entryOf(verb);
  await main();
}
