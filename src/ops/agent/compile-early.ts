/**
 * The runtime compiles code after it has run often, which suits programs that do one thing a million times.
 * An agent runs a verb some hundred times a day, and each is to be fast. So its runtime is told to compile
 * early, by variables that it reads when it starts (decision 39).
 */
import { isCompiled } from "../compiled.ts";

/** JavaScriptCore's options (runtime/OptionsList.h), as Bun takes them from the environment. */
const options: Readonly<Record<string, string>> = {
  BUN_JSC_thresholdForJITAfterWarmUp: "10",
  BUN_JSC_thresholdForJITSoon: "10",
  BUN_JSC_thresholdForOptimizeAfterWarmUp: "100",
  BUN_JSC_thresholdForOptimizeAfterLongWarmUp: "100",
  BUN_JSC_thresholdForOptimizeSoon: "100",
};

/**
 * Executes this program anew with them, as the same process. It returns where they are all set, also by
 * somebody else, and where it runs from a checkout.
 */
export function compileEarly(): void {
  if (!isCompiled || Object.keys(options).every((name) => process.env[name] !== undefined)) return;
  const { execPath, argv, env } = process;
  process.execve?.(execPath, [execPath, ...argv.slice(2)], { ...options, ...env });
}
