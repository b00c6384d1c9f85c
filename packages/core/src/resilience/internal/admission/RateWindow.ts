/**
 * Sums the usage of the last minute, or day, so that no window of that length
 * ever holds more than a limit.
 *
 * Amounts are kept in slots of time, and a slot counts until all of it has
 * left the window: memory and work are bounded for any rate, and the
 * sum is never too low.
 *
 * @since 0.1.0
 */

/**
 * A sliding window over amounts. Times are milliseconds that do not go
 * backwards; an earlier time counts as the latest.
 *
 * @category models
 * @since 0.1.0
 */
export class RateWindow {
  readonly #slots: Float64Array
  /** Number of the latest slot since the epoch. */
  #latest = 0
  #sum = 0

  readonly #slotMillis: number

  constructor(windowMillis: number, slotMillis: number) {
    this.#slotMillis = slotMillis
    this.#slots = new Float64Array(Math.ceil(windowMillis / slotMillis) + 1)
  }

  /** The sum of the window. */
  sum(now: number): number {
    this.#advance(now)
    return this.#sum
  }

  /** Adds an amount at this time. */
  add(amount: number, now: number): void {
    this.#advance(now)
    this.#addToSlot(this.#latest, amount)
  }

  /** Removes an amount that was added at `at` and not used after all. */
  remove(amount: number, at: number, now: number): void {
    this.#advance(now)
    const slot = Math.floor(at / this.#slotMillis)
    if (slot > this.#latest - this.#slots.length) this.#addToSlot(Math.min(slot, this.#latest), -amount)
  }

  /**
   * Milliseconds until `amount` more fits under `limit`: 0 if it fits now,
   * infinite if it never will.
   */
  waitMillis(amount: number, limit: number, now: number): number {
    this.#advance(now)
    let excess = this.#sum + amount - limit
    if (excess <= 0) return 0
    if (amount > limit) return Number.POSITIVE_INFINITY
    for (let slot = this.#latest - this.#slots.length + 1; slot < this.#latest; slot += 1) {
      excess -= this.#slots[this.#index(slot)] ?? 0
      if (excess <= 0) return Math.max(1, this.#expiry(slot) - now)
    }
    return this.#expiry(this.#latest) - now
  }

  #index(slot: number): number {
    const length = this.#slots.length
    return ((slot % length) + length) % length
  }

  /** When all of a slot has left the window. */
  #expiry(slot: number): number {
    return (slot + this.#slots.length) * this.#slotMillis
  }

  #addToSlot(slot: number, amount: number): void {
    const index = this.#index(slot)
    this.#slots[index] = (this.#slots[index] ?? 0) + amount
    this.#sum += amount
  }

  #advance(now: number): void {
    const slot = Math.floor(now / this.#slotMillis)
    if (slot <= this.#latest) return
    const length = this.#slots.length
    if (slot - this.#latest >= length) {
      this.#slots.fill(0)
      this.#sum = 0
    } else {
      for (let passed = this.#latest + 1; passed <= slot; passed += 1) {
        const index = this.#index(passed)
        this.#sum -= this.#slots[index] ?? 0
        this.#slots[index] = 0
      }
    }
    this.#latest = slot
  }
}
