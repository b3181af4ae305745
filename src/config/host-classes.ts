/** hostClasses: named guarantees for what the node itself sends. */
import { hostClassMinors } from "../plan/names.ts";
import type { HostClass } from "../plan/node.ts";
import { parseGuaranteeBits } from "./quantities.ts";
import { isObject, Section } from "./section.ts";

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/;

function parseHostClass(name: string, section: Section): HostClass[] {
  const { problems } = section;
  const egressGuaranteeBits = section.quantity("egressGuarantee", parseGuaranteeBits);
  if (egressGuaranteeBits === 0)
    problems.add(
      section.key("egressGuarantee"),
      "a host class without a guarantee is what the host's own class is already",
      `Remove "${name}" or give it a rate.`,
    );
  const ports = section.list("ports").filter((port) => typeof port === "number");
  return egressGuaranteeBits === undefined ? [] : [{ name, ports, egressGuaranteeBits }];
}

function refuseSharedPorts(section: Section, classes: readonly HostClass[]): void {
  const owners = new Map<number, string>();
  for (const { name, ports } of classes)
    for (const port of ports) {
      const owner = owners.get(port);
      if (owner !== undefined && owner !== name)
        section.problems.add(
          `${section.key(name)}.ports`,
          `port ${port} is in ${section.key(owner)} already`,
          "A port leads to one class.",
        );
      owners.set(port, owner ?? name);
    }
}

/**
 * `section` is the value of `hostClasses`. The classes are sorted by name, so that a class keeps its number
 * whatever the order of the keys.
 */
export function parseHostClasses(section: Section): HostClass[] {
  const { problems } = section;
  const classes = Object.entries(section.value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, value]) => {
      if (!namePattern.test(name)) {
        problems.add(
          section.key(name),
          `${JSON.stringify(name)} cannot name a host class`,
          "A name has up to 63 letters, digits, '_', '.' and '-', and begins with a letter or a digit.",
        );
        return [];
      }
      return isObject(value)
        ? parseHostClass(name, new Section(value, section.key(name), problems))
        : [];
    });
  if (classes.length > hostClassMinors.length)
    problems.add(
      section.place,
      `${classes.length} host classes, of ${hostClassMinors.length} that there can be`,
      "Put the ports of several into one.",
    );
  refuseSharedPorts(section, classes);
  return classes;
}
