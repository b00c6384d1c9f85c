/** The body of a request that is sent part by part, and can be left while it waits for its next part. */

/** An iterable for undici, which iterates it once. */
export class BodySource implements AsyncIterable<Uint8Array> {
  #isClosed = false
  #iterator: AsyncIterator<Uint8Array> | undefined = undefined
  readonly #parts: AsyncIterable<Uint8Array>

  constructor(parts: AsyncIterable<Uint8Array>) {
    this.#parts = parts
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    const iterator = this.#parts[Symbol.asyncIterator]()
    this.#iterator = iterator
    if (this.#isClosed) this.#leave()
    return {
      next: async () => {
        const next = await iterator.next()
        // Left, it would end like a body that is complete, and a host would accept the part that it has.
        if (this.#isClosed) throw new Error("The body of the request was left")
        return next
      },
      return: () => iterator.return?.() ?? Promise.resolve({ done: true, value: undefined })
    }
  }

  /** Interrupts what the body is made from. A body that was read to its end is not affected. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#leave()
  }

  #leave(): void {
    // Finalizers of the source may fail, and the call does not wait for them: it has its outcome.
    this.#iterator?.return?.().then(undefined, () => undefined)
  }
}
