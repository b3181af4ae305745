/** One case: a title, and work that throws where something is not as it should be. */
export type Test = (title: string, work: () => void | Promise<void>) => Promise<void>;

/** Cases that share a node, or a state of the kernel. */
export type Suite = (test: Test) => Promise<void>;

export async function runSuite(
  name: string,
  suite: Suite,
): Promise<{ passed: number; failed: number }> {
  const count = { passed: 0, failed: 0 };
  const attempt: Test = async (title, work) => {
    const startedAtMs = performance.now();
    const tell = (how: string) => {
      const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
      console.log(`(${how}) ${name}: ${title} [${seconds} s]`);
    };
    try {
      await work();
      count.passed += 1;
      tell("pass");
    } catch (error) {
      count.failed += 1;
      tell("FAIL");
      console.log(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  };
  try {
    await suite(attempt);
  } catch (error) {
    await attempt("its surroundings", () => {
      throw error;
    });
  }
  if (count.passed + count.failed === 0)
    await attempt("it has cases", () => {
      throw new Error("no case was run");
    });
  return count;
}
