/**
 * The recorded interactions during a replay: the same request several times is
 * answered in the recorded order.
 */
import { CassetteMissError } from "@kimi-effect/core/CassetteErrors"
import type { Interaction, RecordedRequest } from "../../cassette/Interaction.ts"
import { differences, identityOf, type Matcher } from "./identity.ts"

/** An interaction and its position in the cassette. */
interface Entry {
  readonly index: number
  readonly interaction: Interaction
}

/** The interactions with the same request. */
interface Group {
  readonly entries: Array<Entry>
  /** Positions of the entries that were replayed. */
  readonly replayed: Set<number>
}

/** What a tape is used with. */
export interface TapeSettings {
  readonly cassette: string
  readonly matcher: Matcher
  /** Whether the last response of a request is replayed again when all were replayed. */
  readonly isLastRepeated: boolean
  /** Whether the response of another host is used when the cassette has none of the requested one. */
  readonly isOtherOriginUsed: boolean
}

/** More differences than these do not help to find the cause. */
const maxDifferences = 12

const labelOf = ({ index, interaction: { request } }: Entry): string =>
  `#${index + 1} ${request.method} ${request.path}`

/** The recorded interactions during a replay. Its methods are synchronous, so concurrent requests cannot interfere. */
export class Tape {
  readonly #settings: TapeSettings
  readonly #groups = new Map<string, Group>()
  readonly #entries: ReadonlyArray<Entry>

  constructor(interactions: ReadonlyArray<Interaction>, settings: TapeSettings) {
    this.#settings = settings
    this.#entries = interactions.map((interaction, index) => ({ index, interaction }))
    for (const entry of this.#entries) {
      const identity = identityOf(entry.interaction.request, settings.matcher)
      const group = this.#groups.get(identity)
      if (group === undefined) this.#groups.set(identity, { entries: [entry], replayed: new Set() })
      else group.entries.push(entry)
    }
  }

  /** The next response to a request, or `undefined` when there is none. */
  next(request: RecordedRequest): Interaction | undefined {
    const group = this.#groups.get(identityOf(request, this.#settings.matcher))
    if (group === undefined) return undefined
    const left = group.entries.filter(({ index }) => !group.replayed.has(index))
    const { isLastRepeated, isOtherOriginUsed } = this.#settings
    // Recordings of several hosts may contain the same request for each.
    const entry =
      left.find(({ interaction }) => interaction.request.origin === request.origin) ??
      (isOtherOriginUsed ? left[0] : undefined)
    if (entry !== undefined) {
      group.replayed.add(entry.index)
      return entry.interaction
    }
    return isLastRepeated ? group.entries.at(-1)?.interaction : undefined
  }

  /** Why `next` returned nothing. */
  miss(request: RecordedRequest): CassetteMissError {
    const { cassette, matcher } = this.#settings
    const base = { cassette, method: request.method, path: request.path }
    const group = this.#groups.get(identityOf(request, matcher))
    const last = group?.entries.at(-1)
    if (group !== undefined && last !== undefined) {
      const count = group.entries.length
      return new CassetteMissError({
        ...base,
        message:
          `The cassette ${cassette} has ${count === 1 ? "one response" : `${count} responses`} to this request, ` +
          "which the test has already received; record it again, or set `exhausted` to `repeatLast`",
        nearest: labelOf(last),
        differences: []
      })
    }
    const nearest = this.#nearest(request)
    if (nearest === undefined) {
      return new CassetteMissError({
        ...base,
        message: `The cassette ${cassette} is empty or does not exist`,
        differences: []
      })
    }
    const shown = nearest.differences.slice(0, maxDifferences)
    const rest = nearest.differences.length - shown.length
    return new CassetteMissError({
      ...base,
      message:
        `The cassette ${cassette} has no response to ${request.method} ${request.path}; the nearest request is ` +
        `${labelOf(nearest.entry)}, which differs in ${shown.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`,
      nearest: labelOf(nearest.entry),
      differences: shown
    })
  }

  /** The requests that were not replayed. */
  get unused(): ReadonlyArray<string> {
    const replayed = new Set([...this.#groups.values()].flatMap((group) => [...group.replayed]))
    return this.#entries.filter(({ index }) => !replayed.has(index)).map(labelOf)
  }

  /** Starts from the beginning. */
  rewind(): void {
    for (const group of this.#groups.values()) group.replayed.clear()
  }

  /** The request with the fewest differences; another route counts more than any body. */
  #nearest(
    request: RecordedRequest
  ): { readonly entry: Entry; readonly differences: ReadonlyArray<string> } | undefined {
    const { matcher } = this.#settings
    let nearest:
      | { readonly entry: Entry; readonly differences: ReadonlyArray<string>; readonly distance: number }
      | undefined
    for (const entry of this.#entries) {
      const found = differences(request, entry.interaction.request, matcher)
      const isOtherRoute = found.includes("path") || found.includes("method")
      const distance = found.length + (isOtherRoute ? 1_000_000 : 0)
      if (nearest === undefined || distance < nearest.distance) nearest = { entry, differences: found, distance }
    }
    return nearest
  }
}
