/** The warnings of one response. */

/** More would only repeat that the host is another one. */
const maxWarnings = 16

/** Collects the warnings of one response, each once. They name members, never values. */
export class Warnings {
  readonly #texts = new Set<string>()

  /** The warnings so far, in order. */
  get all(): ReadonlyArray<string> {
    return [...this.#texts]
  }

  /** Adds a warning, unless it is known or there are too many. */
  add(text: string): void {
    if (this.#texts.size < maxWarnings) this.#texts.add(text)
  }
}
