/** How much of something a swarm has used: tokens, or tool calls. */
export class Used {
  #used = 0
  /** What is counted already, and is replayed. */
  #expected = 0

  get used(): number {
    return this.#used
  }

  /** Counts a response that is replayed later. */
  expect(amount: number): void {
    this.#used += amount
    this.#expected += amount
  }

  /** Counts a response that this process has received. */
  add(amount: number): void {
    this.#used += amount
  }

  /** Counts a response that was received earlier or elsewhere, unless it is expected. */
  replay(amount: number): void {
    const known = Math.min(amount, this.#expected)
    this.#expected -= known
    this.#used += amount - known
  }
}
