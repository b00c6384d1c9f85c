/**
 * Compresses and decompresses bytes with the Compression Streams API.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** The members that both kinds of streams share. */
type Transform = Pick<CompressionStream, "readable" | "writable">

const ignore = (): void => undefined

/** Passes bytes through a stream; none if it fails, or if the result exceeds `limit` bytes. */
const pipeThrough = (make: () => Transform, bytes: Uint8Array, limit: number) =>
  Effect.callback<Option.Option<Uint8Array>>((resume) => {
    const { readable, writable } = make()
    const writer = writable.getWriter()
    const reader = readable.getReader()
    // A failure is handled where the result is read; here it would be an unhandled rejection.
    writer.write(new Uint8Array(bytes)).catch(ignore)
    writer.close().catch(ignore)
    const stop = (): void => {
      reader.cancel().catch(ignore)
      writer.abort().catch(ignore)
    }
    const collect = async (): Promise<Option.Option<Uint8Array>> => {
      const chunks: Array<Uint8Array> = []
      let length = 0
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        length += value.length
        if (length > limit) {
          stop()
          return Option.none()
        }
        chunks.push(value)
      }
      const [first] = chunks
      if (chunks.length === 1 && first !== undefined) return Option.some(first)
      const whole = new Uint8Array(length)
      let at = 0
      for (const chunk of chunks) {
        whole.set(chunk, at)
        at += chunk.length
      }
      return Option.some(whole)
    }
    collect().then(
      (result) => resume(Effect.succeed(result)),
      () => {
        stop()
        resume(Effect.succeedNone)
      }
    )
    return Effect.sync(stop)
  })

/**
 * Compresses bytes; none if they do not become smaller.
 *
 * @category converting
 * @since 0.1.0
 */
export const compress = (bytes: Uint8Array): Effect.Effect<Option.Option<Uint8Array>> =>
  pipeThrough(() => new CompressionStream("deflate-raw"), bytes, bytes.length - 1)

/**
 * Decompresses bytes; none if they are damaged, or if the length differs. No
 * more than `length` bytes are ever held.
 *
 * @category converting
 * @since 0.1.0
 */
export const decompress = (bytes: Uint8Array, length: number): Effect.Effect<Option.Option<Uint8Array>> =>
  Effect.map(
    pipeThrough(() => new DecompressionStream("deflate-raw"), bytes, length),
    Option.filter((whole) => whole.length === length)
  )
