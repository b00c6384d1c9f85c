/** A stream as an async iterator that can be aborted and closed. */

interface Source<A> {
  readonly next: () => Promise<IteratorResult<A>>
  readonly return?: () => Promise<IteratorResult<A>>
}

const done = { done: true, value: undefined } as const

/** What can be stopped from outside. */
export interface Stoppable {
  readonly stop: (error: unknown) => Promise<void>
}

/** How a stream is opened, and what follows its end. */
export interface Opening<A> {
  readonly open: (stream: Stoppable) => Promise<Source<A>>
  readonly onEnd: (stream: Stoppable) => void
  readonly signal: AbortSignal | undefined
}

/**
 * Iterates once, as a generator does. The source is opened by the first `next`,
 * and closed when the iteration ends, is left, or is stopped.
 */
export class OpenStream<A> implements AsyncIterableIterator<A, undefined>, Stoppable {
  readonly #opening: Opening<A>
  #source: Promise<Source<A>> | undefined
  #hasEnded = false
  /** What the reader gets in place of the rest. */
  #stop: { readonly error: unknown } | undefined

  constructor(opening: Opening<A>) {
    this.#opening = opening
  }

  readonly #abort = (): void => {
    // What closing the source reports goes to the reader, if it waits.
    this.stop(this.#opening.signal?.reason).catch(() => undefined)
  };

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Ends the iteration with an error. Resolves when the source is closed. */
  async stop(error: unknown): Promise<void> {
    if (this.#hasEnded) return
    this.#stop = { error }
    await this.#close()
  }

  async next(): Promise<IteratorResult<A, undefined>> {
    this.#throwIfStopped()
    if (this.#hasEnded) return done
    try {
      this.#source ??= this.#begin()
      const source = await this.#source
      const result = await source.next()
      if (result.done !== true) return result
    } catch (error) {
      this.#end()
      this.#throwIfStopped()
      throw error
    }
    this.#end()
    this.#throwIfStopped()
    return done
  }

  async return(): Promise<IteratorResult<A, undefined>> {
    await this.#close()
    return done
  }

  /** The error of a stop is thrown once. */
  #throwIfStopped(): void {
    const stop = this.#stop
    this.#stop = undefined
    if (stop !== undefined) throw stop.error
  }

  async #begin(): Promise<Source<A>> {
    const { open, signal } = this.#opening
    signal?.throwIfAborted()
    signal?.addEventListener("abort", this.#abort, { once: true })
    return open(this)
  }

  #end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    const { onEnd, signal } = this.#opening
    signal?.removeEventListener("abort", this.#abort)
    onEnd(this)
  }

  async #close(): Promise<void> {
    if (this.#hasEnded) return
    this.#end()
    const source = await this.#source
    await source?.return?.()
  }
}
