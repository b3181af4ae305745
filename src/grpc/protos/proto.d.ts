/** The text of a file of protocol buffers. */
declare module "*.proto" {
  const text: string;
  export default text;
}
