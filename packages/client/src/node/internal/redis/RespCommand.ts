/**
 * Commands in the Redis serialization protocol (RESP), which sends each as an
 * array of bulk strings: https://redis.io/docs/latest/develop/reference/protocol-spec/
 *
 * @since 0.1.0
 */

/**
 * The text of a command, to be sent as UTF-8.
 *
 * @category encoding
 * @since 0.1.0
 */
export const encode = (args: ReadonlyArray<string>): string => {
  let text = `*${args.length}\r\n`
  for (const arg of args) text += `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`
  return text
}
