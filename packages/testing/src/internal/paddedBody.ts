/**
 * Well-formed answers of any size, made block by block so that the server
 * never holds them.
 */

/** The bytes of an answer, block by block. */
export interface PaddedBody extends Iterable<Buffer> {
  /** Bytes in all. */
  readonly size: number
}

/** An event of a stream, blank line included. */
export const event = (bytes: number): PaddedBody =>
  makePadded(
    'data: {"id":"chatcmpl-6a97653c31b3adf613a7661f","object":"chat.completion.chunk","created":1788306750,' +
      '"model":"kimi-k3","choices":[{"index":0,"delta":{"content":"',
    '"},"finish_reason":null}]}\n\n',
    bytes
  )

/** The body of a plain answer. */
export const completion = (bytes: number): PaddedBody =>
  makePadded(
    '{"id":"chatcmpl-6a97653c31b3adf613a7661f","object":"chat.completion","created":1788306750,' +
      '"model":"kimi-k3","choices":[{"index":0,"message":{"role":"assistant","content":"',
    '"},"finish_reason":"stop"}],"usage":{"prompt_tokens":88,"completion_tokens":40,"total_tokens":128}}',
    bytes
  )

const block = Buffer.alloc(65_536, "a")

const makePadded = (before: string, after: string, bytes: number): PaddedBody => {
  const filling = Math.max(0, bytes - before.length - after.length)
  return {
    size: before.length + filling + after.length,
    *[Symbol.iterator]() {
      yield Buffer.from(before)
      for (let left = filling; left > 0; left -= block.length) yield block.subarray(0, left)
      yield Buffer.from(after)
    }
  }
}
