/** The policy that refuses what the plugin would refuse of a pod's annotations by themselves. Pure. */
import { fairwayPrefix, knownAnnotations } from "../../config/annotations.ts";
import { directions } from "../../plan/node.ts";
import { either, firstOf, text, texts, the, type Variable } from "./cel.ts";
import { contradictionVariables } from "./contradictions.ts";
import { nameVariables } from "./names.ts";
import {
  annotationsOf,
  broughtVariables,
  hasClaims,
  isCounted,
  isMirror,
  requestsOf,
} from "./pods.ts";
import { troubleVariables } from "./trouble.ts";

/** What has a pod in it, and where. `dyn` keeps the API server from checking one kind's fields by another's. */
const podIn = (object: string): string =>
  firstOf(
    [
      [`request.resource.resource == 'pods'`, object],
      [
        `request.resource.resource == 'podtemplates'`,
        either(`has(${object}.template)`, `${object}.template`, "dyn({})"),
      ],
      [`request.resource.resource == 'cronjobs'`, `${object}.spec.jobTemplate.spec.template`],
      [`has(${object}.spec.template)`, `${object}.spec.template`],
    ],
    "dyn({})",
  );

const isOurs = (key: string): string =>
  `${key}.startsWith(${text(fairwayPrefix)}) || ${key} in ${texts(knownAnnotations.filter((each) => !each.startsWith(fairwayPrefix)))}`;

/** Nothing that is read here is another than before, so that what was wrong already stays in nobody's way. */
function unchanged(): string {
  const [now, before] = [the("annotations"), the("annotationsBefore")];
  const requests = directions
    .map(
      (direction) => `${the(`${direction}Requests`)} == ${requestsOf(the("podBefore"), direction)}`,
    )
    .join(" && ");
  return `oldObject != null && ${now}.all(k, !(${isOurs("k")}) || (k in ${before} && ${before}[k] == ${now}[k])) && ${before}.all(k, !(${isOurs("k")}) || k in ${now}) && ${requests}`;
}

/** An API server drops a message of more than 5 KiB. */
const longestMessage = 1_200;

export interface Validating {
  variables: Variable[];
  expression: string;
  messageExpression: string;
  message: string;
}

export function refusingMistakes(): Validating {
  const pod = the("pod");
  const troubles = the("troubles");
  const words = `${troubles}.join(' ')`;
  return {
    variables: [
      { name: "pod", expression: podIn("dyn(object)") },
      {
        name: "podBefore",
        expression: either("oldObject == null", "dyn({})", podIn("dyn(oldObject)")),
      },
      { name: "annotations", expression: annotationsOf(pod) },
      { name: "annotationsBefore", expression: annotationsOf(the("podBefore")) },
      { name: "counted", expression: isCounted(pod) },
      { name: "hasClaims", expression: hasClaims(pod) },
      ...broughtVariables(pod),
      { name: "unchanged", expression: unchanged() },
      ...troubleVariables(),
      ...nameVariables(),
      ...contradictionVariables(),
      {
        name: "troubles",
        expression: [
          "unknownTroubles",
          "numberTroubles",
          "nameTroubles",
          "addressTroubles",
          "contradictions",
        ]
          .map(the)
          .join(" + "),
      },
    ],
    expression: `${isMirror(pod)} || ${the("unchanged")} || ${troubles}.size() == 0`,
    messageExpression: `${words}.size() > ${longestMessage} ? ${words}.substring(0, ${longestMessage}) + '...' : ${words}`,
    message:
      "an annotation of fairway.dev/ or a bandwidth of kubernetes.io/ is wrong (docs/scheduling.md)",
  };
}
