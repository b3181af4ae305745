/**
 * The runtime compiles code after it has run often, which suits programs that do one thing a million times.
 * An agent runs a verb some hundred times a day, and each is to be fast. So its runtime is told to compile
 * early, by variables that it reads when it starts (decision 40).
 */
import { isCompiled } from "../compiled.ts";

/** JavaScriptCore's options (runtime/OptionsList.h), as Bun takes them from the environment. */
const options: Readonly<Record<string, string>> = {
  BUN_JSC_thresholdForJITAfterWarmUp: "5",
  BUN_JSC_thresholdForJITSoon: "5",
  BUN_JSC_thresholdForOptimizeAfterWarmUp: "20",
  BUN_JSC_thresholdForOptimizeAfterLongWarmUp: "20",
  BUN_JSC_thresholdForOptimizeSoon: "20",
  // A verb does not wait for it. On two processors the runtime would compile in the verb's own thread.
  BUN_JSC_useConcurrentJIT: "1",
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
