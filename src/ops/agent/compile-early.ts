/**
 * The runtime compiles code after it has run often, which suits programs that do one thing a million times.
 * An agent runs a verb some hundred times a day, and each is to be fast. So its runtime is told to compile
 * early, by variables that it reads when it starts (decision 40), and to tidy up rarely.
 */
import { isCompiled } from "../compiled.ts";

/** JavaScriptCore's options (runtime/OptionsList.h), Bun's and its allocator's, from the environment. */
const options: Readonly<Record<string, string>> = {
  BUN_JSC_thresholdForJITAfterWarmUp: "5",
  BUN_JSC_thresholdForJITSoon: "5",
  BUN_JSC_thresholdForOptimizeAfterWarmUp: "20",
  BUN_JSC_thresholdForOptimizeAfterLongWarmUp: "20",
  BUN_JSC_thresholdForOptimizeSoon: "20",
  // A verb does not wait for it. On two processors the runtime would compile in the verb's own thread.
  BUN_JSC_useConcurrentJIT: "1",
  /** Code that waits for verbs is too seldom worth its last compiler, which takes some MiB. */
  BUN_JSC_useFTLJIT: "0",
  // What the allocator has free it gives back at once: with 250 pods 106 MiB instead of 117, 25 s after they came.
  MIMALLOC_PURGE_DELAY: "0",
  /**
   * Bun's own tidying, in milliseconds. By itself it collects garbage every second as soon as any has come,
   * and gives memory back each time that nothing is left to do: on a node where nothing happens, that was
   * more than all that the agent does (docs/agent-drift.md).
   */
  BUN_GC_TIMER_INTERVAL: "60000",
  MIMALLOC_PURGE_HOLES_MIN_INTERVAL: "30000",
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
