/** Finds networks on the node in whose data path Fairway's classes do not count: docs/platforms.md. */
import { type FolderFile, primaryOf } from "../../chain/decide.ts";
import { readFolder } from "../../chain/folder.ts";
import { dataPathOf, unfitType } from "../../chain/unfit.ts";
import { NetlinkSocket } from "../../kernel/netlink/socket.ts";
import { allLinks } from "../../kernel/read/links.ts";
import { attempt, error, type Finding, type Patient, warn } from "./finding.ts";

const id = "platform";

const todo = "docs/platforms.md says which networks Fairway works behind, and why";

/** Behind such a network nothing is promised; beside one, only its own pods are without. */
export function judgePlatform(
  devices: readonly string[],
  types: readonly string[],
  isChained: boolean,
): Finding[] {
  const found = [
    ...devices.flatMap((device) => {
      const whose = dataPathOf(device);
      return whose === null ? [] : [`the device ${device} is of ${whose}`];
    }),
    ...types.flatMap((type) => {
      const known = unfitType(type);
      return known === null ? [] : [`the runtime's network calls ${type}: ${known.why}`];
    }),
  ];
  const tell = isChained ? error : warn;
  return found.map((each) => tell(id, each, todo));
}

function typesOf(files: readonly FolderFile[], copyName: string): string[] {
  const primary = primaryOf(files, copyName);
  return primary.state === "there" ? primary.list.plugins.map(({ type }) => String(type)) : [];
}

export function platform({ places, manifest, configs }: Patient): Finding[] {
  return attempt(id, () => {
    using socket = new NetlinkSocket();
    const devices = allLinks(socket).map(({ name }) => name);
    const types = typesOf(readFolder(places.confDir), places.confFile);
    const isChained = manifest?.chain !== undefined || configs.some(({ chained }) => chained);
    return judgePlatform(devices, types, isChained);
  });
}
