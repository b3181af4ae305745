/**
 * What the rows check, each quoted: sentences of the CNI specification 1.1.0 (SPEC.md of
 * containernetworking/cni), and, as "contract", what its library and the runtimes hold a plugin to
 * beyond the specification's words.
 */
export interface Sentence {
  /** A heading of the specification, or "contract". */
  section: string;
  /** Exactly as it stands there, a list's dash and line breaks apart. */
  text: string;
}

const parameters = "2, Parameters";
const add = "2, ADD";
const del = "2, DEL";
const check = "2, CHECK";
const status = "2, STATUS";
const gc = "2, GC";
const delegation = "4, Delegated plugin execution procedure";
const result = "5, ADD Success";
const error = "5, Error";
const of = (section: string, text: string): Sentence => ({ section, text });
const contract = (text: string): Sentence => of("contract", text);

export const sentences = {
  networkName: of(
    "1, Configuration format",
    "Must start with an alphanumeric character, optionally followed by any combination of one or more alphanumeric characters, underscore, dot (.) or hyphen (-).",
  ),
  unknownFields: of(
    "1, Plugin configuration objects",
    "Plugins may define additional fields that they accept and may generate an error if called with unknown fields.",
  ),
  wellKnown: of(
    "1, Plugin configuration objects",
    "Plugins that consume any of these configuration keys should respect their intended semantics.",
  ),
  ipMasq: of(
    "1, Plugin configuration objects",
    "If supported by the plugin, sets up an IP masquerade on the host for this network.",
  ),
  ipamType: of(
    "1, Plugin configuration objects",
    "Must not contain characters disallowed in file paths for the system (e.g. / or \\\\).",
  ),
  environment: of(
    parameters,
    "Protocol parameters are passed to the plugins via OS environment variables.",
  ),
  command: of(
    parameters,
    "`CNI_COMMAND`: indicates the desired operation; `ADD`, `DEL`, `CHECK`, `GC`, or `VERSION`.",
  ),
  containerIdEmpty: of(parameters, "Must not be empty."),
  containerId: of(
    parameters,
    "Must start with an alphanumeric character, optionally followed by any combination of one or more alphanumeric characters, underscore (), dot (.) or hyphen (-).",
  ),
  netns: of(
    parameters,
    "If using network namespaces, then a path to the network namespace (e.g. `/run/netns/[nsname]`)",
  ),
  ifname: of(
    parameters,
    "if the plugin is unable to use this interface name it must return an error.",
  ),
  args: of(parameters, "Alphanumeric key-value pairs separated by semicolons"),
  path: of(
    parameters,
    "Paths are separated by an OS-specific list separator; for example ':' on Linux and ';' on Windows",
  ),
  exitCode: of(
    "2, Errors",
    "A plugin must exit with a return code of 0 on success, and non-zero on failure.",
  ),
  errorOutput: of(
    "2, Errors",
    'If the plugin encounters an error, it should output an ["error" result structure](#Error) (see below).',
  ),
  addCreates: of(
    add,
    "create the interface defined by `CNI_IFNAME` inside the container at `CNI_NETNS`, or",
  ),
  addOutput: of(
    add,
    "If the CNI plugin is successful, it must output a [result structure](#Success) (see below) on standard out.",
  ),
  previousHandled: of(
    add,
    "If the plugin was supplied a `prevResult` as part of its input configuration, it MUST handle `prevResult` by either passing it through, or modifying it appropriately.",
  ),
  previousEquivalent: of(
    result,
    "If a plugin makes no changes that would be reflected in the _Success result_ type, then it must output a result equivalent to the provided `prevResult`.",
  ),
  addExists: of(
    add,
    "If an interface of the requested name already exists in the container, the CNI plugin MUST return with an error.",
  ),
  addTwice: of(
    add,
    "This implies that a given container ID may be added to a specific network more than once only if each addition is done with a different interface name.",
  ),
  required: of(add, "Required environment parameters:"),
  optional: of(add, "Optional environment parameters:"),
  delDeletes: of(
    del,
    "delete the interface defined by `CNI_IFNAME` inside the container at `CNI_NETNS`, or",
  ),
  delPrevious: of(
    del,
    "Plugins should still return without error if `prevResult` is empty for a `DEL` command, however.",
  ),
  delBestEffort: of(
    del,
    "plugins should always complete a `DEL` action without error to the fullest extent possible, even if some resources or state are missing.",
  ),
  delIpam: of(
    del,
    "an IPAM plugin should generally release an IP allocation and return success even if the container network namespace no longer exists",
  ),
  delRepeated: of(
    del,
    "Plugins MUST accept multiple `DEL` calls for the same (`CNI_CONTAINERID`, `CNI_IFNAME`) pair, and return success if the interface in question, or any modifications added, are missing.",
  ),
  delRequired: of(del, "Required environment parameters:"),
  checkPrevious: of(
    check,
    "The plugin must consult the `prevResult` to determine the expected interfaces and addresses.",
  ),
  checkLater: of(
    check,
    "The plugin must allow for a later chained plugin to have modified networking resources, e.g. routes, on `ADD`.",
  ),
  checkResult: of(
    check,
    "The plugin should return an error if a resource included in the CNI Result type (interface, address or route) was created by the plugin, and is listed in `prevResult`, but is missing or in an invalid state.",
  ),
  checkOthers: of(
    check,
    "The plugin should return an error if other resources not tracked in the Result type such as the following are missing or are in an invalid state:",
  ),
  checkUnreachable: of(
    check,
    "The plugin should return an error if it is aware of a condition where the container is generally unreachable.",
  ),
  checkAtOnce: of(
    check,
    "The plugin must handle `CHECK` being called immediately after an `ADD`, and therefore should allow a reasonable convergence delay for any asynchronous resources.",
  ),
  checkDelegate: of(
    check,
    "The plugin should call `CHECK` on any delegated (e.g. IPAM) plugins and pass any errors on to its caller.",
  ),
  checkRequired: of(check, "Required environment parameters:"),
  statusReady: of(
    status,
    "A plugin must exit with a zero (success) return code if the plugin is ready to service ADD requests.",
  ),
  statusNotReady: of(
    status,
    "If the plugin knows that it is not able to service ADD requests, it must exit with a non-zero return code and output an error on standard out (see below).",
  ),
  statusExhausted: of(
    status,
    "if a plugin has a limited number of resources (e.g. IP addresses, hardware queues), it should return an error if those resources are exhausted and no new `ADD` requests can be serviced.",
  ),
  statusLimited: of(
    status,
    "51: The plugin is not available, and existing containers in the network may have limited connectivity.",
  ),
  statusOthers: of(
    status,
    "Plugins should always expect other CNI operations (like `ADD`, `DEL`, etc) even if `STATUS` returns an error.",
  ),
  statusInformational: of(status, "Status is purely informational."),
  statusDelegate: of(
    status,
    "If the delegated plugin return an error result, the executing plugin should return an error result.",
  ),
  versionOutput: of(
    "2, VERSION",
    "The plugin should output via standard-out a json-serialized version result object (see below).",
  ),
  gcRemoves: of(
    gc,
    "The network plugin may then remove any resources related to attachments that do not exist in this set.",
  ),
  gcMost: of(
    gc,
    "For example, a plugin should remove any IPAM reservations associated with attachments not in the provided list.",
  ),
  gcNamespaceGone: of(
    gc,
    "The plugin MAY assume that the isolation domain (e.g. network namespace) has been deleted, and thus any resources (e.g. network interfaces) therein have been removed.",
  ),
  gcGoesOn: of(
    gc,
    "If an error is encountered, a plugin should continue; removing as many resources as possible, and report the errors back to the runtime.",
  ),
  gcForwards: of(
    gc,
    "Plugins MUST, additionally, forward any GC calls to delegated plugins they are configured to use (see section 4).",
  ),
  gcList: of(
    gc,
    "`cni.dev/valid-attachments` (array of objects): The list of **still valid** attachments to this network:",
  ),
  gcOutput: of(gc, 'No output on success, ["error" result structure](#Error) on error.'),
  gcNoParameters: of(
    "3, Garbage-collecting a network",
    "When garbage-collecting a configuration, there are no [Attachment Parameters](#attachment-parameters).",
  ),
  attachment: of(
    "3, Execution of Network Configurations",
    "An attachment may be uniquely identified by the `(CNI_CONTAINERID, CNI_IFNAME)` tuple.",
  ),
  concurrent: of(
    "3, Lifecycle & Ordering",
    "Plugins must handle being executed concurrently across different containers.",
  ),
  delAfterFailure: of(
    "3, Lifecycle & Ordering",
    "A _delete_ must still be executed even if the _add_ fails.",
  ),
  moreDeletes: of("3, Lifecycle & Ordering", "_delete_ may be followed by additional _deletes_."),
  firstAdd: of(
    "3, Deriving request configuration from plugin configuration",
    "This field must not be set for the first _add_ in a chain.",
  ),
  delegateEnvironment: of(
    "4, Delegated Plugin protocol",
    "The delegated plugin must receive all the same environment variables that were passed in to the CNI plugin.",
  ),
  delegateWhole: of(
    "4, Delegated Plugin protocol",
    'Delegated plugins are provided the *complete network configuration* passed to the "upper" plugin.',
  ),
  delegateLookup: of(
    delegation,
    "Look up the plugin binary by searching the directories provided in `CNI_PATH` environment variable.",
  ),
  delegateStderr: of(
    delegation,
    "Ensure that the delegated plugin's stderr is output to the calling plugin's stderr.",
  ),
  delegateOthers: of(
    delegation,
    "If a plugin is executed with `CNI_COMMAND=CHECK`, `DEL`, or `GC`, it must also execute any delegated plugins.",
  ),
  delegateErrors: of(
    delegation,
    "If any of the delegated plugins return error, error should be returned by the upper plugin.",
  ),
  delegateUndo: of(
    delegation,
    'If, on `ADD`, a delegated plugin fails, the "upper" plugin should execute again with `DEL` before returning failure.',
  ),
  resultKeys: of(
    result,
    "Plugins must output a JSON object with the following keys upon a successful `ADD` operation:",
  ),
  resultInterfaces: of(
    result,
    "`interfaces`: An array of all interfaces created by the attachment, including any host-level interfaces:",
  ),
  resultSandbox: of(
    result,
    "For interfaces created inside the container, this should be the value passed via `CNI_NETNS`.",
  ),
  resultIps: of(
    result,
    "the index into the `interfaces` list for a [CNI Plugin Result](#result) indicating which interface this IP configuration should be applied to.",
  ),
  resultRoutes: of(result, "`routes`: Routes created by this attachment:"),
  resultDns: of(result, "`dns`: a dictionary consisting of DNS configuration information"),
  ipamResult: of(
    "5, Delegated plugins (IPAM)",
    "Delegated IPAM plugins must return an abbreviated _Success_ object. Specifically, it is missing the `interfaces` array, as well as the `interface` entry in `ips`.",
  ),
  versionEcho: of(
    "5, VERSION Success",
    "`cniVersion`: The value of `cniVersion` specified on input",
  ),
  versionList: of(
    "5, VERSION Success",
    "`supportedVersions`: A list of supported specification versions",
  ),
  errorKeys: of(
    error,
    "Plugins should output a JSON object with the following keys if they encounter an error:",
  ),
  errorMsg: of(error, "`msg`: A short message characterizing the error."),
  code1: of(error, "Incompatible CNI version"),
  code3: of(error, "Container unknown or does not exist."),
  code4: of(
    error,
    "Invalid necessary environment variables, like CNI_COMMAND, CNI_CONTAINERID, etc. The error message must contain the names of invalid variables.",
  ),
  code5: of(error, "I/O failure. For example, failed to read network config bytes from stdin."),
  code6: of(
    error,
    "Failed to decode content. For example, failed to unmarshal network config from bytes or failed to decode version info from string.",
  ),
  code7: of(
    error,
    "Invalid network config. If some validations on network configs do not pass, this error will be raised.",
  ),
  stderr: of(error, "In addition, stderr can be used for unstructured output such as logs."),
  aggregated: contract(
    "All required variables that are missing are named in one error, code 4 (skel).",
  ),
  ifnameRules: contract(
    'An interface name has 1 to 15 bytes, is not "." or "..", and has no "/", ":" or white space (libcni ValidateInterfaceName).',
  ),
  noName: contract(
    "A configuration without a name is error 7, before its version is looked at (skel).",
  ),
  exactVersion: contract(
    "The version must match one of the plugin's exactly, else error 1 with both in details; a missing one means 0.1.0 (skel).",
  ),
  verbVersions: contract(
    "CHECK exists since 0.4.0, GC and STATUS since 1.1.0; below, they are error 1 (skel).",
  ),
  ownNetns: contract(
    "CNI_NETNS that is the plugin's own namespace is error 8, before any effect, unless CNI_NETNS_OVERRIDE is set (skel).",
  ),
  pathOptional: contract(
    "skel requires CNI_PATH, the specification does not: its absence is accepted unless a delegate is needed.",
  ),
  ignoreUnknown: contract(
    "An unknown key of CNI_ARGS is an error unless IgnoreUnknown=1 (libcni LoadArgs).",
  ),
  nullList: contract(
    "A list of valid attachments that is null is the empty set (CRI-O); one that is absent removes nothing.",
  ),
  noSwallow: contract(
    'go-cni takes an error with the words "not found" for success: no error has them.',
  ),
  delUnfit: contract(
    "DEL succeeds with a configuration that an ADD would refuse, and with arguments that made the ADD fail.",
  ),
  noPrevious: contract("CHECK without prevResult is an error (skel)."),
  previousVersion: contract(
    "A prevResult without a version is accepted; one of another version than the configuration's is an error (libcni).",
  ),
  letterCase: contract(
    "Keys of capabilities are matched in any letter case: containerd sends IngressRate, CRI-O ingressRate.",
  ),
  nullAnnotations: contract("containerd sends null for a pod without annotations."),
  otherCapabilities: contract(
    "A runtime may send capabilities that are another plugin's: portMappings, dns, cgroupPath.",
  ),
  ipVersion: contract(
    'Results before 1.0.0 have ips[].version "4" or "6", later ones have not (specifications 0.3.0 to 0.4.0).',
  ),
  newFields: contract(
    "Interfaces' mtu and routes' mtu, advmss, priority, table and scope came with 1.1.0: results of earlier versions have none.",
  ),
  oneMeaning: contract(
    "What a configuration says must have one meaning: a key given twice has two, and JSON (RFC 8259) leaves open which counts.",
  ),
  bounded: contract(
    "A runtime puts an error's words into the pod's events, which hold 1024 characters: they have a length limit, whatever was sent.",
  ),
  noTrace: contract("An error is words for a person, no stack trace."),
  nothingChanged: contract(
    "What is refused has changed nothing: neither the kernel nor the ledger.",
  ),
  foreignNetworks: contract("GC and DEL touch only the network that the configuration names."),
} satisfies Record<string, Sentence>;

export type SentenceName = keyof typeof sentences;
