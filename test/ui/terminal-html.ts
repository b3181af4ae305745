/** Text of a terminal, with its colours, as a page. Pure. */

/** Select graphic rendition, as of ECMA-48: those that `fairway status` uses. */
const classes: Readonly<Record<string, string>> = {
  "1": "bold",
  "2": "faint",
  "31": "red",
  "32": "green",
  "33": "yellow",
};

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
const escaped = (text: string): string =>
  text.replaceAll(/[&<>]/g, (character) => entities[character] ?? character);

const style = `
  body { margin: 0; background: #10161d; }
  main { display: inline-block; padding: 14px 18px; background: #10161d; }
  pre { margin: 0; color: #d7dee6; font: 15px/1.35 "DejaVu Sans Mono", monospace; }
  .bold { font-weight: 700; color: #fff; } .faint { color: #93a1b1; }
  .red { color: #ff7d63; font-weight: 700; } .green { color: #3fcf9f; } .yellow { color: #e5ab3c; }`;

export function terminalHtml(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's sequences begin with one.
  const pieces = text.replaceAll("\r", "").split(/\u001b\[([\d;?]*)([A-Za-z])/);
  let html = escaped(pieces[0] ?? "");
  let open = false;
  for (let at = 1; at < pieces.length; at += 3) {
    const [codes = "", kind, after = ""] = pieces.slice(at, at + 3);
    if (kind === "m") {
      if (open) html += "</span>";
      const name = classes[codes];
      open = name !== undefined;
      if (open) html += `<span class="${name}">`;
    }
    html += escaped(after);
  }
  return `<!doctype html><style>${style}</style><main><pre>${html}${open ? "</span>" : ""}</pre></main>`;
}
