/** Prints what a command found out: as JSON where that was asked for, else as the text that `render` makes. */
export function print<T>(found: T, json: boolean | undefined, render: (found: T) => string): void {
  process.stdout.write(json === true ? `${JSON.stringify(found, null, 2)}\n` : render(found));
}
