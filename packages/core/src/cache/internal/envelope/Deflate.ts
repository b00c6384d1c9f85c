/**
 * Makes bytes smaller and whole again, with the streams of the Web.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** What both kinds of streams have in common. */
type Transform = Pick<CompressionStream, "readable" | "writable">

const ignore = (): void => undefined

/** Passes bytes through a stream; none when it fails, or more than `limit` bytes come out. */
const pipeThrough = (make: () => Transform, bytes: Uint8Array, limit: number) =>
  Effect.callback<Option.Option<Uint8Array>>((resume) => {
    const { readable, writable } = make()
    const writer = writable.getWriter()
    const reader = readable.getReader()
    // A failure is seen where the result is read; told twice, it would count as unhandled.
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
 * The bytes in fewer bytes; none when they do not get smaller.
 *
 * @category converting
 * @since 0.1.0
 */
export const compress = (bytes: Uint8Array): Effect.Effect<Option.Option<Uint8Array>> =>
  pipeThrough(() => new CompressionStream("deflate-raw"), bytes, bytes.length - 1)

/**
 * The bytes as they were; none when they are damaged, or are not as many as is
 * said. No more than that are ever held.
 *
 * @category converting
 * @since 0.1.0
 */
export const decompress = (bytes: Uint8Array, length: number): Effect.Effect<Option.Option<Uint8Array>> =>
  Effect.map(
    pipeThrough(() => new DecompressionStream("deflate-raw"), bytes, length),
    Option.filter((whole) => whole.length === length)
  )
