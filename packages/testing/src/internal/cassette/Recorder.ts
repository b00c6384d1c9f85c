/**
 * The interactions that are recorded, and how they become part of the text of a
 * cassette.
 */
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Semaphore from "effect/Semaphore"
import { type CassetteError, CassetteSecretError } from "../../CassetteErrors.ts"
import type { CassetteStore } from "../../CassetteStore.ts"
import type { Interaction, RecordedRequest, RecordedResponse } from "../../cassette/Interaction.ts"
import * as CassetteText from "./cassetteText.ts"
import { identityOf, type Matcher } from "./identity.ts"
import type { Redactor } from "./Redactor.ts"
import { findSecret } from "./secretScan.ts"

/** A request whose response is being received. Slots of the same request keep the order in which they were sent. */
export interface Slot {
  readonly request: RecordedRequest
  response: RecordedResponse | undefined
  /** Describes what was received so far, once there is something. */
  describe: (() => RecordedResponse) | undefined
}

/** What a recorder needs. */
export interface RecorderSettings {
  readonly cassette: string
  readonly store: CassetteStore["Service"]
  readonly matcher: Matcher
  readonly redactor: Redactor
  /** The number of responses that stay for a request, by the identity of the request. */
  readonly kept: (identity: string) => number
}

/** Appends what was recorded for each request to what stays of the interactions of the text. */
const merge = (
  existing: ReadonlyArray<Interaction>,
  recorded: ReadonlyMap<string, ReadonlyArray<Interaction>>,
  { kept, matcher }: RecorderSettings
): ReadonlyArray<Interaction> => {
  const seen = new Map<string, number>()
  const stays = existing.filter(({ request }) => {
    const identity = identityOf(request, matcher)
    const position = seen.get(identity) ?? 0
    seen.set(identity, position + 1)
    return !recorded.has(identity) || position < kept(identity)
  })
  return [...stays, ...[...recorded.values()].flat()]
}

/** Records interactions, and writes the text of the cassette whenever one is complete. */
export class Recorder {
  readonly #settings: RecorderSettings
  readonly #writing: Semaphore.Semaphore
  readonly #slots = new Map<string, Array<Slot>>()
  /** The error of the latest write. */
  #problem: CassetteError | undefined
  #isDirty = false
  #isClosed = false

  constructor(settings: RecorderSettings, writing: Semaphore.Semaphore) {
    this.#settings = settings
    this.#writing = writing
  }

  /** Reserves the place of a response, before the request is sent. */
  open(request: RecordedRequest): Slot {
    const slot: Slot = { request, response: undefined, describe: undefined }
    const identity = identityOf(request, this.#settings.matcher)
    const slots = this.#slots.get(identity)
    if (slots === undefined) this.#slots.set(identity, [slot])
    else slots.push(slot)
    return slot
  }

  /** Sets how the response of a request is described while it is received. */
  receive(slot: Slot, describe: () => RecordedResponse): void {
    slot.describe = describe
  }

  /** Records what was received and writes. A failure is reported by `save`. */
  complete(slot: Slot): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#isClosed) return Effect.void
      this.#update(slot)
      return Effect.ignore(this.save)
    })
  }

  /** Records what was received of responses that were not read to the end, and writes. Later changes are ignored. */
  get close(): Effect.Effect<void, CassetteError> {
    return Effect.suspend(() => {
      for (const slot of [...this.#slots.values()].flat()) if (slot.response === undefined) this.#update(slot)
      this.#isClosed = true
      return this.save
    })
  }

  /** Writes what was not written yet, and fails with the reason why an interaction cannot be written. */
  get save(): Effect.Effect<void, CassetteError> {
    return Effect.uninterruptible(
      this.#writing.withPermit(
        Effect.suspend(() => {
          if (!this.#isDirty) return this.#problem === undefined ? Effect.void : Effect.fail(this.#problem)
          this.#isDirty = false
          return Effect.onExit(this.#write, (exit) =>
            Effect.sync(() => {
              this.#problem = Option.getOrUndefined(Exit.findErrorOption(exit))
            })
          )
        })
      )
    )
  }

  #update(slot: Slot): void {
    const response = slot.describe?.()
    // A stream is complete at its end mark, and mostly the same when its body ends.
    if (response === undefined || Equal.equals(response, slot.response)) return
    slot.response = response
    this.#isDirty = true
  }

  /** Everything recorded so far, by the identity of the request. */
  get #recorded(): ReadonlyMap<string, ReadonlyArray<Interaction>> {
    const recorded = new Map<string, ReadonlyArray<Interaction>>()
    for (const [identity, slots] of this.#slots) {
      const interactions = slots.flatMap(({ request, response }) =>
        response === undefined ? [] : [{ request, response }]
      )
      if (interactions.length > 0) recorded.set(identity, interactions)
    }
    return recorded
  }

  /** The scan is repeated for the whole text: it may have been edited, and secrets may have become known since. */
  get #write(): Effect.Effect<void, CassetteError> {
    const { cassette, redactor, store } = this.#settings
    return store.update(
      cassette,
      Effect.fnUntraced({ self: this }, function* (current: string | undefined) {
        const existing = current === undefined ? [] : yield* CassetteText.parse(cassette, current)
        const merged = merge(existing, this.#recorded, this.#settings)
        for (const interaction of merged) {
          const place = findSecret(interaction, redactor)
          if (place !== undefined) return yield* secretError(cassette, interaction, place, redactor)
        }
        return CassetteText.render(merged)
      })
    )
  }
}

const secretError = (
  cassette: string,
  { request }: Interaction,
  place: string,
  redactor: Redactor
): CassetteSecretError => {
  const route = redactor.text(`${request.method} ${request.path}`)
  return new CassetteSecretError({
    message:
      `The cassette ${cassette} was not written, because the recording of ${route} contains a secret in ${place}: ` +
      "change what the test sends, or add a pattern for it to `redact.patterns`",
    cassette,
    request: route,
    place
  })
}
