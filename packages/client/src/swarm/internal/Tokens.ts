/** The tokens that a swarm has used. */
export class Tokens {
  #used = 0
  /** What is counted already, and is replayed. */
  #expected = 0

  get used(): number {
    return this.#used
  }

  /** Counts a response that is replayed later. */
  expect(tokens: number): void {
    this.#used += tokens
    this.#expected += tokens
  }

  /** Counts a response that this process has received. */
  add(tokens: number): void {
    this.#used += tokens
  }

  /** Counts a response that was received earlier or elsewhere, unless it is expected. */
  replay(tokens: number): void {
    const known = Math.min(tokens, this.#expected)
    this.#expected -= known
    this.#used += tokens - known
  }
}
