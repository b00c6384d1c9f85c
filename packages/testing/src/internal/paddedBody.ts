/**
 * Well-formed responses of any size, generated block by block so that they are
 * never in memory as a whole.
 */

/** The bytes of a response, block by block. */
export interface PaddedBody extends Iterable<Uint8Array> {
  /** Total number of bytes. */
  readonly size: number
}

/** An event of a stream, including its blank line. */
export const event = (bytes: number): PaddedBody =>
  makePadded(
    'data: {"id":"chatcmpl-6a97653c31b3adf613a7661f","object":"chat.completion.chunk","created":1788306750,' +
      '"model":"kimi-k3","choices":[{"index":0,"delta":{"content":"',
    '"},"finish_reason":null}]}\n\n',
    bytes
  )

/** The body of a chat completion that is not streamed. */
export const completion = (bytes: number): PaddedBody =>
  makePadded(
    '{"id":"chatcmpl-6a97653c31b3adf613a7661f","object":"chat.completion","created":1788306750,' +
      '"model":"kimi-k3","choices":[{"index":0,"message":{"role":"assistant","content":"',
    '"},"finish_reason":"stop"}],"usage":{"prompt_tokens":88,"completion_tokens":40,"total_tokens":128}}',
    bytes
  )

const encoder = new TextEncoder()

const block = new Uint8Array(65_536).fill("a".charCodeAt(0))

const makePadded = (before: string, after: string, bytes: number): PaddedBody => {
  const padding = Math.max(0, bytes - before.length - after.length)
  return {
    size: before.length + padding + after.length,
    *[Symbol.iterator]() {
      yield encoder.encode(before)
      for (let left = padding; left > 0; left -= block.length) yield block.subarray(0, left)
      yield encoder.encode(after)
    }
  }
}
