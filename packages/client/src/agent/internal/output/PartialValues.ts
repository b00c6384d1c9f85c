/** The values of a response that is being written, from its deltas. */
import { PartialJson } from "./PartialJson.ts"

/**
 * Members that may be copied for each new character. A long list is shown less
 * often the longer it gets, so that all copies together take linear time.
 */
const copiesPerCharacter = 16

export class PartialValues {
  #json = new PartialJson()
  #newCharacters = 0
  readonly #unwrap: (json: unknown) => unknown

  constructor(unwrap: (json: unknown) => unknown) {
    this.#unwrap = unwrap
  }

  /** Begins again: the response starts over. */
  reset(): void {
    this.#json = new PartialJson()
    this.#newCharacters = 0
  }

  add(text: string): void {
    this.#json.feed(text)
    this.#newCharacters += text.length
  }

  /** The value so far, if it can have changed and its copy is not too large for what is new. */
  next(): { readonly value: unknown } | undefined {
    if (this.#newCharacters === 0 || this.#json.isInvalid) return undefined
    if (this.#json.snapshotSize > this.#newCharacters * copiesPerCharacter) return undefined
    this.#newCharacters = 0
    const value = this.#unwrap(this.#json.snapshot())
    return value === undefined ? undefined : { value }
  }
}
