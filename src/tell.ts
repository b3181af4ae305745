/** A line of a process's own log. */
export type Tell = (
  level: "info" | "error",
  msg: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;
