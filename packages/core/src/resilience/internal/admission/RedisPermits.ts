/**
 * The permit ids of one account in Redis.
 *
 * @since 0.1.0
 */

/**
 * Which permits this process holds, and which of them Redis has stored.
 *
 * @category models
 * @since 0.1.0
 */
export class RedisPermits {
  readonly #held = new Set<string>()
  readonly #stored = new Set<string>()
  readonly #released = new Set<string>()

  /** The number of permits that calls hold. */
  get size(): number {
    return this.#held.size
  }

  /** Permits that calls hold. */
  get held(): Iterable<string> {
    return this.#held
  }

  /** Released permits that Redis may still have stored. */
  get released(): ReadonlyArray<string> {
    return [...this.#released]
  }

  get isEmpty(): boolean {
    return this.#held.size === 0 && this.#released.size === 0
  }

  hold(id: string): void {
    this.#held.add(id)
  }

  /** Ends the hold on a permit; returns whether there was one. */
  endHold(id: string): boolean {
    return this.#held.delete(id)
  }

  /** Records that Redis has stored a permit. */
  addStored(id: string): void {
    this.#stored.add(id)
  }

  /** Records that Redis is sent all held permits. */
  addHeldToStored(): void {
    for (const id of this.#held) this.#stored.add(id)
  }

  /** Forgets that Redis has stored a permit; returns whether it had. */
  deleteStored(id: string): boolean {
    return this.#stored.delete(id)
  }

  /** Keeps an id until Redis has confirmed that the permit is released. */
  addReleased(id: string): void {
    this.#released.add(id)
  }

  /** Records that Redis has released these permits. */
  confirmReleased(ids: ReadonlyArray<string>): void {
    for (const id of ids) this.#released.delete(id)
  }
}
