/** A tool call whose fragments are still arriving, with every reading that they allow. */

/** A JSON object, or `undefined`. */
const parseObject = (json: string): object | undefined => {
  // Avoids parsing most of the hundreds of pieces: a complete object ends in a brace.
  if (!json.trimEnd().endsWith("}")) return undefined
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === "object" && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

/** More readings of one name mean that it cannot be read. */
const maxReadings = 32

/** The fragments of one call. */
export class PendingToolCall {
  /** Unique in its message. */
  readonly id: string
  /** The id as received, to distinguish a new call from a repeated id. */
  readonly hostId: string
  type = "function"
  /** The name as far as it is known: its fragments joined. */
  name = ""
  /** The fragments of the arguments joined. */
  arguments = ""
  /** Whether fragments contradict each other. */
  isAmbiguous = false
  /** All that the fragments of the name can mean. */
  #names: ReadonlyArray<string> = []
  /** The arguments if the latest fragment that repeats the earlier ones replaces them. */
  #replaced: string | undefined = undefined

  constructor(id: string, hostId: string) {
    this.id = id
    this.hostId = hostId
  }

  /** Whether the arguments are a whole object. */
  get isComplete(): boolean {
    return parseObject(this.wholeArguments) !== undefined
  }

  /** Whether nothing but blanks was received as arguments. */
  get isWithoutArguments(): boolean {
    return this.arguments.trim() === ""
  }

  /** The arguments: all fragments, or only the one that repeats the others where only that is JSON. */
  get wholeArguments(): string {
    if (this.#replaced === undefined || parseObject(this.arguments) !== undefined) return this.arguments
    return parseObject(this.#replaced) === undefined ? this.arguments : this.#replaced
  }

  /** Adds a fragment of the name; `isHead` if it came with an id, as the first one does. */
  addName(fragment: string, isHead: boolean): void {
    if (this.#names.length === 0) {
      this.#names = [fragment]
      this.name = fragment
      return
    }
    // Hosts that repeat the id in every delta repeat the name as well.
    if (isHead && this.#names.length === 1 && this.#names[0] === fragment) return
    const readings = new Set<string>()
    for (const earlier of this.#names) {
      readings.add(earlier + fragment)
      if (fragment.startsWith(earlier)) readings.add(fragment)
    }
    this.#names = [...readings].slice(0, maxReadings)
    this.isAmbiguous ||= readings.size > maxReadings
    this.name = this.#names[0] ?? fragment
  }

  /** Adds a fragment of the arguments, which may repeat all earlier ones. */
  addArguments(fragment: string): void {
    const earlier = this.wholeArguments
    if (earlier !== "" && fragment.length >= earlier.length && fragment.startsWith("{"))
      this.#addRepetition(earlier, fragment)
    else if (this.#replaced !== undefined) this.#replaced += fragment
    this.arguments += fragment
  }

  #addRepetition(earlier: string, fragment: string): void {
    const before = this.#replaced ?? earlier
    if (fragment.startsWith(earlier) || fragment.startsWith(before)) {
      // A brace is too short to be recognized, unless the fragment is whole.
      if (earlier.trim().length > 1 || parseObject(fragment) !== undefined) this.#replaced = fragment
      return
    }
    const [first, second] = [parseObject(earlier), parseObject(fragment)]
    if (first !== undefined && second !== undefined) {
      // The same values in another layout are a repetition; two different objects cannot be one call.
      if (JSON.stringify(first) === JSON.stringify(second)) this.#replaced = fragment
      else this.isAmbiguous = true
    } else if (this.#replaced !== undefined) this.#replaced += fragment
  }

  /** The only name that the fragments can mean, given the names of the tools; `undefined` if there are several. */
  nameAmong(known: () => ReadonlySet<string>): string | undefined {
    if (this.#names.length <= 1) return this.#names[0]
    const tools = known()
    const matching = this.#names.filter((name) => tools.has(name))
    return matching.length === 1 ? matching[0] : undefined
  }

  /** Whether the fragments have exactly one reading. */
  isCertain(known: () => ReadonlySet<string>): boolean {
    if (this.isAmbiguous || this.nameAmong(known) === undefined) return false
    return this.#replaced === undefined || parseObject(this.wholeArguments) !== undefined
  }
}
